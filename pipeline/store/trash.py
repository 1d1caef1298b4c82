"""The trash: one rename puts a deleted image there whole, and another restores it.

Its claim stays, so that the same bytes restore it and never make a second image. The modification time of its folder,
set by the volume's clock just before the rename, says when it was deleted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from pipeline.errors import (
    DamagedRecord,
    GalleryError,
    ImageNotFound,
    NotRestorable,
    UnusableRecord,
    VolumeUnavailable,
    volume_error,
)
from pipeline.ids import is_id
from pipeline.records import Record, State
from pipeline.store import deletion, duplicates, failure_marks, outbox, reading
from pipeline.store.day_folder import touch
from pipeline.store.progress import progress
from pipeline.volume.files import is_gone, look_again, refresh
from pipeline.volume.layout import KEPT_MARKER
from pipeline.volume.locks import Busy
from pipeline.volume.volume import Volume

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trashed:
    """An image in the trash, and when it was put there by the volume's clock, in seconds since the epoch."""

    record: Record
    deleted_at: float


def ids(volume: Volume) -> list[str]:
    """The ids in the trash, newest image first; raises `VolumeUnavailable`."""
    try:
        return sorted(filter(is_id, os.listdir(volume.layout.trash)), reverse=True)
    except OSError as error:
        if is_gone(error):
            return []
        raise volume_error(error) from error


def get(volume: Volume, image_id: str) -> Trashed:
    """An image in the trash; raises `ImageNotFound`, `DamagedRecord` or the volume's named errors."""
    record = reading.read_trashed(volume, image_id)
    try:
        if record.state is State.PENDING:
            record = _with_progress(volume, record)
        return Trashed(record, volume.layout.trashed(image_id).stat().st_mtime)
    except OSError as error:
        if is_gone(error):
            raise ImageNotFound(image_id) from None
        raise volume_error(error) from error


def _with_progress(volume: Volume, record: Record) -> Record:
    try:
        return progress(record, (volume.layout.trashed(record.id) / KEPT_MARKER).read_bytes()).record
    except FileNotFoundError:
        return record


def page(volume: Volume, before: str | None, limit: int) -> tuple[list[Trashed], str | None]:
    """Up to `limit` images in the trash that are older than the id `before`, newest first, and the next `before`.

    Damaged ones are left out; the doctor names them.
    """
    found: list[Trashed] = []
    waiting = [image_id for image_id in ids(volume) if before is None or image_id < before]
    for number, image_id in enumerate(waiting):
        if len(found) == limit:
            return found, waiting[number - 1]
        try:
            found.append(get(volume, image_id))
        except (ImageNotFound, UnusableRecord):
            continue
    return found, None


def restore(volume: Volume, image_id: str) -> Record:
    """Restore an image as it was: its id, its place, and its marker if it was pending or failed.

    Raises `ImageNotFound`, `DamagedRecord`, `NotRestorable` if another image has its bytes by now, or the volume's
    named errors.
    """
    record = reading.read_trashed(volume, image_id)
    try:
        with duplicates.holding_lock(volume, record.sha256):
            bring_back(volume, image_id)
        return reading.get(volume, image_id)
    except OSError as error:
        raise volume_error(error) from error
    except Busy as busy:
        raise VolumeUnavailable("an upload holds the lock") from busy


def bring_back(volume: Volume, image_id: str) -> None:
    """As `restore`, under the lock of its bytes; raises `OSError` and `Busy` too."""
    record = reading.read_trashed(volume, image_id)
    if record.id != image_id:
        raise NotRestorable(image_id)
    holder = duplicates.holder(volume, record.sha256)
    if holder is not None and holder.id != image_id:
        raise NotRestorable(image_id)
    if holder is None:
        for folder in duplicates.claim(volume, record.sha256, image_id):
            volume.folders.flush(folder)
    if record.state is State.FAILED:
        failure_marks.note_failure(volume, image_id)
    kept = volume.layout.trashed(image_id) / KEPT_MARKER
    if record.state is not State.PENDING:
        kept.unlink(missing_ok=True)  # a worker may have ended its attempt in the trash
        _move_back(volume, image_id)
        if record.state is State.FAILED:
            failure_marks.note_failure(volume, image_id)  # a sweep may have removed the mark before the image was there
        return
    # a sweep that takes the marker for an orphan's asks for the lock first
    with outbox.lock_image(volume, image_id):
        _link_marker(volume, image_id)
        outbox.make_marker(volume, image_id)  # if none was kept
        volume.folders.flush(volume.layout.pending)
        _move_back(volume, image_id)
        (volume.layout.image(image_id) / KEPT_MARKER).unlink(missing_ok=True)


def _link_marker(volume: Volume, image_id: str) -> None:
    """Put the marker that was kept back into the outbox. It stays in the folder too until that is in its place: a sweep
    that comes after a crash removes the one in the outbox."""
    kept, marker = volume.layout.trashed(image_id) / KEPT_MARKER, volume.layout.marker(image_id)
    try:
        look_again(kept.parent, lambda: marker.hardlink_to(kept))
    except FileNotFoundError:
        return
    except OSError:  # there is one (perhaps the same file, which then stays as it is), or no hard links here
        kept.replace(marker)


def _move_back(volume: Volume, image_id: str) -> None:
    layout = volume.layout
    target = layout.image(image_id)
    volume.move_in(layout.trashed(image_id), target)
    touch(target.parent.parent)
    volume.flush_place(image_id)
    volume.folders.flush(layout.trash)


def purge(volume: Volume, image_id: str, *, by: int | None = None) -> None:
    """Permanently remove an image in the trash, if it was put there `by` then, in nanoseconds since the epoch.

    Raises `ImageNotFound` or the volume's named errors.
    """
    try:
        record = reading.read_trashed(volume, image_id)
    except DamagedRecord:
        record = None  # its claim is dropped when these bytes come again, or by the doctor
    try:
        if record is None:
            _take_out(volume, image_id, by)
        else:
            with duplicates.holding_lock(volume, record.sha256):
                _take_out(volume, image_id, by)
                if not volume.is_there(image_id):
                    duplicates.drop(volume, record.sha256, image_id)
        deletion.remove_left(volume, image_id, record)
    except OSError as error:
        raise volume_error(error) from error
    except Busy as busy:
        raise VolumeUnavailable("an upload holds the lock") from busy


def _take_out(volume: Volume, image_id: str, by: int | None) -> None:
    folder = volume.layout.trashed(image_id)
    try:
        if by is not None:
            refresh(folder)
            if folder.stat().st_mtime_ns > by:
                raise ImageNotFound(image_id)  # it was restored, and deleted once more
        folder.rename(volume.layout.leaving(image_id))
    except OSError as error:
        if not is_gone(error):
            raise
        raise ImageNotFound(image_id) from None
    volume.folders.flush(volume.layout.trash)


def deletion_times(volume: Volume, image_ids: Iterable[str]) -> dict[str, int]:
    """When each of these images was put into the trash, in nanoseconds since the epoch; without those that are gone."""
    found = {}
    for image_id in image_ids:
        with suppress(OSError):
            found[image_id] = volume.layout.trashed(image_id).stat().st_mtime_ns
    return found


def oldest_first(put_away: dict[str, int]) -> list[str]:
    """The ids in the order in which they were put into the trash."""
    return sorted(put_away, key=lambda image_id: (put_away[image_id], image_id))


def is_purged(volume: Volume, image_id: str, *, by: int | None = None) -> bool:
    """As `purge`; whether it was removed. One that cannot be removed is logged, and keeps none of the others."""
    try:
        purge(volume, image_id, by=by)
    except ImageNotFound:
        return False
    except GalleryError as error:
        _log.warning("left in the trash", image=image_id, error=str(error))
        return False
    return True
