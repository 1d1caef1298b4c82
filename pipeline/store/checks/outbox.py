"""The rules of uploads in progress, markers, and the folders of small files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipeline.errors import GalleryError
from pipeline.ids import is_id
from pipeline.store import repairs
from pipeline.store.checks.day_files import check_day_files
from pipeline.store.checks.disk import entries, is_claimed, is_file, is_in_hand, read_record
from pipeline.store.checks.tree import is_kept, not_a_file, stray, unreadable
from pipeline.store.checks.violation import Violation, printable
from pipeline.store.cleanup import is_abandoned, was_accepted
from pipeline.volume.layout import DELETED, RECORD
from pipeline.volume.volume import Volume

_LOCK = re.compile("hash-[0-9a-f]{2}|images|sweep|clock|process-[0-9a-f]{8}")
_TOKEN = re.compile("[0-9a-f]{8}")
_SESSION = re.compile("[0-9a-f]{32}")


def check_outbox(volume: Volume) -> Iterator[Violation]:
    """The rules of `incoming`, `pending`, `failed`, `days`, `locks` and `signed-out`."""
    layout = volume.layout
    checks = {
        layout.incoming: _incoming(volume),
        layout.pending: _markers(volume, layout.pending, "marker-orphan"),
        layout.failed: _markers(volume, layout.failed, "failure-orphan"),
        layout.days: check_day_files(volume),
        layout.locks: _small(volume, layout.locks, _LOCK),
        layout.signed_out: _small(volume, layout.signed_out, _SESSION),
    }
    for folder, found in checks.items():
        if os.path.lexists(folder) and not folder.is_dir():
            continue  # `check_tree` reports it
        try:
            yield from found
        except OSError as error:
            yield unreadable(volume, folder, error)


def _incoming(volume: Volume) -> Iterator[Violation]:
    layout = volume.layout
    for entry in entries(layout.incoming):
        path, where = Path(entry), printable(Path(entry), layout.root)
        image_id, dot, token = entry.name.partition(".")
        named = is_id(image_id) and (dot + token in ("", DELETED) or _TOKEN.fullmatch(token))
        if not named or not entry.is_dir(follow_symlinks=False):
            yield stray(volume, entry)
        elif dot + token == DELETED:
            yield Violation("half-deleted", where, "A delete was cut short.", repairs.finish_delete(volume, image_id))
        elif was_accepted(path, image_id):
            yield _moved_here(volume, entry, image_id)
        elif is_abandoned(volume, entry.name):
            sentence = "An upload was cut short; it was never accepted."
            yield Violation("draft-abandoned", where, sentence, repairs.drop_upload(volume, path))


def _moved_here(volume: Volume, entry: os.DirEntry[str], image_id: str) -> Violation:
    """An image among the uploads: moved back if the gallery lacks it, otherwise a copy."""
    home, path = volume.layout.image(image_id), Path(entry)
    if not is_kept(volume, image_id) and is_claimed(volume, read_record(path / RECORD)):
        where, place = printable(path, volume.layout.root), printable(home, volume.layout.root)
        return Violation("misplaced", where, f"This image belongs in {place}.", folder=path)
    return stray(volume, entry, "This is no upload, but an image that is in its place, or was deleted.")


def _markers(volume: Volume, folder: Path, code: str) -> Iterator[Violation]:
    layout = volume.layout
    for entry in entries(folder):
        path = Path(entry)
        if not is_id(entry.name):
            yield stray(volume, entry)
        elif not entry.is_file(follow_symlinks=False):
            yield not_a_file(volume, entry)
        elif not _has_image(volume, path):
            where, home = printable(path, layout.root), layout.image(entry.name)
            yield Violation(code, where, "Its image is not there.", repairs.drop_orphan(volume, path), home)


def _has_image(volume: Volume, marker: Path) -> bool:
    """Whether a marker's image exists, is being accepted, or cannot be looked up.

    Its record is looked up first: `is_there` lists a whole minute. One that is only remembered to be there, over a
    network, is seen to be gone by a later run.
    """
    with suppress(OSError):
        if is_file(volume.layout.record(marker.name)):
            return True
    try:
        # an upload goes to its place in one step, so that is looked at before and after
        there = (volume.is_there, volume.is_arriving, volume.is_there)
        return is_in_hand(volume, marker.name) or any(look(marker.name) for look in there)
    except GalleryError:
        return True


def _small(volume: Volume, folder: Path, names: re.Pattern[str]) -> Iterator[Violation]:
    for entry in entries(folder):
        if not names.fullmatch(entry.name):
            yield stray(volume, entry)
        elif not entry.is_file(follow_symlinks=False):
            yield not_a_file(volume, entry)
