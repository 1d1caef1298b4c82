"""The violations of a single damaged image, and their repairs."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipeline.ids import is_id
from pipeline.store.checks.disk import is_file, read_record
from pipeline.store.checks.suspect import Suspect
from pipeline.store.checks.violation import Violation, printable
from pipeline.store.record_repairs import correct_record, describe_anew
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume


def alone(volume: Volume, one: Suspect, found: Violation) -> Iterator[Violation]:
    """The violation with its repair, and further violations."""
    if found.code in ("misplaced", "half-moved"):
        yield replace(found, sentence=f"{found.sentence} Something is in its place: compare the two.")
    elif found.code.startswith("original-"):
        yield _original(volume, one, found)
    elif one.is_strange:
        yield from _strange(volume, one, found)
    else:
        yield from _without_record(volume, one, found)


def _original(volume: Volume, one: Suspect, found: Violation) -> Violation:
    """An original that does not fit its record; if it fits its claim, the record is what is wrong."""
    record = one.record
    if record is None or one.original is None or (digest := one.hashes.get(one.original)) is None:
        return found
    right = digest == record.uploaded_sha256 or (digest in one.claimed and record.sha256 not in one.claimed)
    repair = correct_record(volume, record, one.original) if right else None
    if repair is None:
        return found
    return replace(found, code="record-wrong", sentence="Its record has another hash than its original.", repair=repair)


def _strange(volume: Volume, one: Suspect, found: Violation) -> Iterator[Violation]:
    """A folder with another image's record, without the two having been swapped."""
    record = one.record
    assert record is not None
    other = volume.layout.image(record.id) if is_id(record.id) else None
    if one.is_whole and other is not None and _same_image(one, other):
        where = printable(one.folder, volume.layout.root)
        sentence = f"It is a copy of {record.id}, byte for byte, and no image of its own. Remove {where}."
        if one.claimed - {record.sha256}:
            sentence += " Its own picture is lost: restore it from a backup."
        yield replace(found, code="copy", sentence=sentence)
    elif not one.is_whole and one.has_its_bytes:
        yield from _without_record(volume, one, found)
    else:
        sentence = (
            f"{found.sentence} Restore the folder from a backup, or upload the picture again and delete this one."
        )
        yield replace(found, sentence=sentence)


def _same_image(one: Suspect, other: Path) -> bool:
    """Whether another folder holds a complete copy of the image, compared byte by byte."""
    try:
        record = read_record(other / RECORD)
        original = other / record.original
        same = record.id == other.name and one.original is not None and is_file(original)
        return same and filecmp.cmp(one.original or "", original, shallow=False)
    except (OSError, ValueError):
        return False


def _without_record(volume: Volume, one: Suspect, found: Violation) -> Iterator[Violation]:
    """An image whose record is lost: rewritten from the original, if that is a picture."""
    originals = [path for path in one.hashes if path.name.startswith("original.")]
    repair, uploaded = None, None
    if len(originals) == 1:
        uploaded = None if one.has_its_bytes else min(one.claimed, default=None)
        repair = describe_anew(volume, one.image_id, originals[0], one.claimed, uploaded=uploaded)
    if repair is None:
        yield replace(found, sentence=f"{found.sentence} Restore it from a backup.")
        return
    yield replace(found, sentence=f"{found.sentence} It can be rewritten; the name is lost.", repair=repair)
    if uploaded is not None:
        sentence = (
            f"{originals[0].name} is not what was uploaded: its claim names other bytes. Restore it from a backup."
        )
        yield Violation("original-damaged", one.image_id, sentence, folder=one.folder)
