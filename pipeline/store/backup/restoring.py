"""The images of a backup, put into a volume that may be in use: what is there is never overwritten."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from pipeline.records import Record, State
from pipeline.store import duplicates, failure_marks, outbox
from pipeline.store.backup.snapshot import Backed, HashedReader, Place
from pipeline.store.backup.writing import Outcome
from pipeline.store.day_folder import touch
from pipeline.store.incoming import remove_upload
from pipeline.volume.files import flush_folder, write_flushed
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume

_NAME = re.compile(r"(original|grid|view)\.[a-z]{2,5}")
_PIECE = 1024 * 1024
_LARGEST_RECORD = 1024 * 1024


def restore(volume: Volume, image: Backed, require_room: Callable[[int], None]) -> Outcome:
    """Put an image into the volume, unless it is there: `restored`, `here already`, `damaged` or `unreadable`.

    A damaged original is restored, and named. An image without all its renditions waits for new ones. Raises
    `OSError`, `Busy` or the volume's named errors.
    """
    if volume.is_there(image.id) or volume.is_trashed(image.id):
        return Outcome(image.id, "here already")
    folder = volume.layout.upload(image.id, volume.presence.token())
    folder.mkdir(mode=0o750)
    try:
        raw, originals = _write(folder, image, require_room)
        try:
            record = Record.from_json(raw)
            original = originals[record.original]
        except (ValueError, KeyError):
            return Outcome(image.id, "unreadable", "its record or its original is missing or damaged")
        if record.id != image.id:
            return Outcome(image.id, "unreadable", f"its record is that of {record.id}")
        record = _settled(folder, record)
        with duplicates.holding_lock(volume, record.sha256):
            if (holder := duplicates.holder(volume, record.sha256)) is not None:
                return Outcome(image.id, "here already", f"as {holder.id}")
            _put(volume, folder, record, image.place)
        if not original.is_original(record):
            return Outcome(image.id, "damaged", "its original is not what was uploaded")
        return Outcome(image.id, "restored")
    finally:
        remove_upload(folder)


def _write(folder: Path, image: Backed, require_room: Callable[[int], None]) -> tuple[bytes, dict[str, HashedReader]]:
    """Write the files of an image that have a name of ours, and flush them; the bytes of its record, which is not
    written, and each file as it was read.

    Without a record the folder is an abandoned upload if this process is killed, and the sweep removes it.
    """
    raw, written = b"", {}
    for name, file in image.files:
        if name == RECORD:
            raw = file.read(_LARGEST_RECORD)
        elif _NAME.fullmatch(name):
            written[name] = hashed = HashedReader(file)
            with (folder / name).open("xb") as out:
                while piece := hashed.read(_PIECE):
                    require_room(len(piece))
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
    return raw, written


def _settled(folder: Path, record: Record) -> Record:
    """The record, as one that waits for its renditions if they are not all there; other files are removed."""
    wanted = {info.sha256 for info in record.renditions.values()}
    found = set()
    for path in folder.iterdir():
        if path.name == record.original:
            continue
        if (digest := duplicates.hash_of(path)) in wanted:
            found.add(digest)
        else:
            path.unlink()
    if record.is_newer or found == wanted:
        return record
    if record.state is State.READY:
        record = record.with_(state=State.PENDING, attempts=0, started_at=None, finished_at=None)
    kept = {name: info for name, info in record.renditions.items() if info.sha256 in found}
    return record.with_(renditions=kept)


def _put(volume: Volume, folder: Path, record: Record, place: Place) -> None:
    """Claim the bytes of an image, mark it, and move it to its place; under the lock of its hash."""
    layout, image_id = volume.layout, record.id
    write_flushed(folder / RECORD, record.to_json())
    flush_folder(folder)
    for changed in duplicates.claim(volume, record.sha256, image_id):
        volume.folders.flush(changed)
    if place is Place.TRASH:
        os.utime(folder)  # its time there begins again
        layout.trash.mkdir(mode=0o750, exist_ok=True)
        folder.rename(layout.trashed(image_id))
        volume.folders.flush(layout.trash)
        return
    if record.state is State.PENDING:
        outbox.make_marker(volume, image_id)
        volume.folders.flush(layout.pending)
    elif record.state is State.FAILED:
        failure_marks.note_failure(volume, image_id)
    volume.move_in(folder, layout.image(image_id))
    touch(layout.bucket(image_id).parent)
    volume.flush_place(image_id)
    if record.state is State.FAILED:
        failure_marks.note_failure(volume, image_id)  # a sweep may have removed the mark before the image was there
