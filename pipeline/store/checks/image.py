"""The rules of one image: its record, its files, its bytes, its state, its renditions and its claim."""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pipeline.records import RENDITIONS, Record, State
from pipeline.store import duplicates, renditions, repairs
from pipeline.store.checks.disk import entries, is_claimed, is_file, is_folder, is_held, is_in_hand, read_record, sha256
from pipeline.store.checks.tree import stray, unreadable
from pipeline.store.checks.violation import Violation, printable
from pipeline.volume.files import is_gone, is_temporary
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume

Decode = Callable[[Path], tuple[int, int]]
"""Decode a rendition whole and tell its size in pixels; raises `ValueError` if it is no whole picture."""


def check_image(volume: Volume, folder: Path, decode: Decode | None, *, deep: bool = True) -> Iterator[Violation]:
    """The rules of the image in `folder`. `deep` reads every byte of it, `decode` looks into its renditions.

    What a live process is working on (it holds a lock) is passed over.
    """
    if is_in_hand(volume, folder.name):
        return
    try:
        yield from _check(volume, folder, decode, deep=deep)
    except OSError as error:
        if not is_gone(error) or is_folder(folder):
            yield unreadable(volume, folder, error)


def _check(volume: Volume, folder: Path, decode: Decode | None, *, deep: bool) -> Iterator[Violation]:
    image_id = folder.name
    try:
        record = read_record(folder / RECORD)
    except ValueError as error:
        yield Violation("record-damaged", image_id, f"Its record is damaged: {error}.", folder=folder)
        return
    if record.id != image_id:
        yield Violation("record-foreign", image_id, f"Its record is that of {record.id}.", folder=folder)
        return
    if record.is_newer:
        yield Violation("newer-release", image_id, "A newer release made it. Run its doctor, or upgrade this one.")
        return
    if is_held(folder / record.original):
        return  # it is being made again
    yield from _files(volume, folder, record)
    yield from (damage := list(_bytes(folder, record, deep=deep)))
    yield from _state(volume, folder, record)
    made = RENDITIONS if record.state is State.READY else tuple(record.renditions)
    if record.state is not State.PENDING and (broken := _broken_rendition(volume, record, made, decode, deep=deep)):
        # without its original nothing better could be made
        repair = None if damage else repairs.render_anew(volume, image_id)
        if record.state is State.FAILED:
            repair = repairs.drop_broken_renditions(volume, image_id)
        yield Violation("rendition-broken", image_id, broken, repair, folder)
    if not damage and not is_claimed(volume, record):
        yield from _unclaimed(volume, folder, record)


def _unclaimed(volume: Volume, folder: Path, record: Record) -> Iterator[Violation]:
    """An image whose bytes nobody claims, or another image that holds them, compared one by one."""
    with suppress(ValueError, FileNotFoundError):
        other = duplicates.claimed_by(volume, record.sha256) or ""
        twin = read_record(volume.layout.record(other))
        original = volume.layout.image(other) / twin.original
        if twin.id == other and twin.sha256 == record.sha256 and is_file(original):
            if filecmp.cmp(folder / record.original, original, shallow=False):
                sentence = f"It holds the same bytes as {other}, compared one by one. Delete one of the two images."
                yield Violation("double", record.id, sentence, folder=folder)
            return
    sentence = "Its bytes are not claimed: the same picture could be taken in twice."
    yield Violation("claim-missing", record.id, sentence, repairs.claim(volume, record), folder)


def _files(volume: Volume, folder: Path, record: Record) -> Iterator[Violation]:
    known = {RECORD, record.original, *renditions.file_names(record)}
    for entry in entries(folder):
        if entry.name in known or entry.name.partition(".")[0] in record.unknown_renditions:
            continue
        path = Path(entry)
        is_rendition = entry.name in renditions.possible_names()
        if is_rendition and record.state is State.PENDING:
            continue  # it was there before, or an attempt has written it; the next one sees to it
        if is_rendition and entry.is_file(follow_symlinks=False):
            where = printable(path, volume.layout.root)
            sentence = "Its record names no such rendition: another was made in its place."
            repair = repairs.remove_former(volume, record.id, folder / record.original)
            yield Violation("rendition-former", where, sentence, repair, folder)
        elif is_temporary(entry.name) and entry.is_file(follow_symlinks=False):
            where = printable(path, volume.layout.root)
            yield Violation("half-written", where, "Left by a crash.", repairs.remove_file(path), folder)
        else:
            yield replace(stray(volume, entry), folder=folder)


def _bytes(folder: Path, record: Record, *, deep: bool) -> Iterator[Violation]:
    path = folder / record.original
    try:
        if not is_file(path):
            sentence = f"{record.original} is not there. Restore it from a backup, or upload the picture again."
            yield Violation("original-missing", record.id, sentence, folder=folder)
            return
        size = path.stat().st_size
        whole = size == record.bytes and (not deep or sha256(path) == record.sha256)
    except OSError as error:
        yield Violation("original-unreadable", record.id, f"{record.original} cannot be read ({error.strerror}).")
        return
    if not whole or record.uploaded_sha256:
        sentence = f"{record.original} is not what was uploaded ({size} bytes). Restore it from a backup."
        yield Violation("original-damaged", record.id, sentence, folder=folder)


def _state(volume: Volume, folder: Path, record: Record) -> Iterator[Violation]:
    layout, image_id = volume.layout, record.id
    marked, failed = is_file(layout.marker(image_id)), is_file(layout.failure(image_id))
    if record.state is State.PENDING and not marked:
        sentence = "It waits for its thumbnail, and is not in the outbox."
        yield Violation("pending-unmarked", image_id, sentence, repairs.mark(volume, image_id), folder)
    if record.state is not State.PENDING and marked:
        sentence = f"It is {record.state}, and still in the outbox."
        yield Violation("ended-marked", image_id, sentence, repairs.unmark(volume, image_id), folder)
    if record.state is State.FAILED and not failed:
        sentence = "It failed, and is not listed among the failed."
        yield Violation("failed-unmarked", image_id, sentence, repairs.note_failure(volume, image_id), folder)
    if record.state is not State.FAILED and failed:
        sentence = f"It is {record.state}, and listed among the failed."
        yield Violation("failure-stale", image_id, sentence, repairs.drop_failure(volume, image_id), folder)


def _broken_rendition(
    volume: Volume, record: Record, names: Collection[str], decode: Decode | None, *, deep: bool
) -> str | None:
    """What is wrong with the first rendition that is not what the record says."""
    for name in names:
        try:
            _check_rendition(volume, record, name, decode, deep=deep)
        except (OSError, ValueError) as error:
            return f"It is {record.state}, but its {name} is not whole ({error})."
    return None


def _check_rendition(volume: Volume, record: Record, name: str, decode: Decode | None, *, deep: bool) -> None:
    """Raise `ValueError` or `OSError` unless a rendition is what the record says."""
    if (info := record.renditions.get(name)) is None:
        raise ValueError("it is not in the record")
    path = volume.layout.rendition(record.id, name, info.format)
    if not is_file(path):
        raise ValueError("it is not there")
    size = path.stat().st_size
    if size != info.bytes:
        raise ValueError(f"{size} bytes, not {info.bytes}")
    if not deep:
        return
    if info.sha256 is not None and sha256(path) != info.sha256:
        raise ValueError("its bytes are not those that were written")
    if decode is not None and (found := decode(path)) != (info.width, info.height):
        raise ValueError(f"{found[0]} × {found[1]} pixels, not {info.width} × {info.height}")
