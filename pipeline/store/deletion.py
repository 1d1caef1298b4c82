"""Deleting: one rename hides an image, by putting it into the trash or aside to be removed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pipeline.errors import DamagedRecord, ImageNotFound, VolumeUnavailable, volume_error
from pipeline.records import Record, State
from pipeline.store import duplicates, reading, renditions
from pipeline.store.day_folder import touch
from pipeline.store.incoming import remove_upload
from pipeline.volume.files import flush_existing, is_gone, look_again, read_small_file
from pipeline.volume.layout import KEPT_MARKER, RECORD
from pipeline.volume.locks import Busy
from pipeline.volume.volume import Volume


def delete(volume: Volume, image_id: str, *, keep: bool) -> None:
    """Hide an image, even while a worker has it: put it into the trash if `keep`, else remove it completely.

    Raises `ImageNotFound` or the volume's named errors.
    """
    try:
        record = reading.read(volume, image_id, listed=True)  # the rename finds out
    except DamagedRecord:
        record = None
    try:
        if record is None:
            # the claim is dropped when these bytes come again, or by the doctor
            _put_away(volume, image_id, keep=keep)
            drop_markers(volume, image_id, record)
        else:
            with duplicates.holding_lock(volume, record.sha256):
                if keep and record.state is State.PENDING:
                    _keep_marker(volume, image_id)
                _put_away(volume, image_id, keep=keep)
                if not keep:
                    duplicates.drop(volume, record.sha256, image_id)
                # under the lock: an image that comes back from the trash gets a new marker
                drop_markers(volume, image_id, record)
        if not keep:
            remove_left(volume, image_id, record)
    except OSError as error:
        raise volume_error(error) from error
    except Busy as busy:
        raise VolumeUnavailable("an upload holds the lock") from busy


def _put_away(volume: Volume, image_id: str, *, keep: bool) -> None:
    layout = volume.layout
    folder, target = layout.image(image_id), layout.trashed(image_id) if keep else layout.leaving(image_id)
    for _ in range(3):
        try:
            if keep:
                _note_time(volume, folder)
            folder.rename(target)
            break
        except OSError as error:
            if not is_gone(error):
                raise
        if not volume.is_there(image_id):
            raise ImageNotFound(image_id)
        target.parent.mkdir(mode=0o750, exist_ok=True)  # release 0.1 had no trash
    else:
        raise VolumeUnavailable("the image is there, and cannot be moved")
    bucket = layout.bucket(image_id)
    if not volume.folders.flush_known(bucket):
        flush_existing(bucket)
    if keep:
        volume.folders.flush(layout.trash)
    drop_empty(volume, image_id)  # before the day is touched: over NFS its names are looked up again after that
    touch(bucket.parent)


def _keep_marker(volume: Volume, image_id: str) -> None:
    """Link a marker that tells of attempts or a grid into the image's folder. Without it, the image starts over.

    It is read: over a network its length may be remembered from before.
    """
    marker = volume.layout.marker(image_id)
    with suppress(OSError, ValueError):  # gone, no marker, here already, or a file system without hard links
        if look_again(marker.parent, lambda: read_small_file(marker)):
            (volume.layout.image(image_id) / KEPT_MARKER).hardlink_to(marker)


def _note_time(volume: Volume, folder: Path) -> None:
    """Record the moment as the folder's modification time. It is flushed: after a power loss, an older one could
    make the image expire at once."""
    os.utime(folder)
    volume.folders.flush_once(folder)


def drop_markers(volume: Volume, image_id: str, record: Record | None) -> None:
    """Remove the markers of an image that is no longer listed.

    A record that says `ready` has none, or one that the sweep removes.
    """
    layout = volume.layout
    if record is None or record.state is not State.READY:
        layout.marker(image_id).unlink(missing_ok=True)
    if record is None or record.state is State.FAILED:
        layout.failure(image_id).unlink(missing_ok=True)


def remove_left(volume: Volume, image_id: str, record: Record | None) -> None:
    """Remove the folder of an image that was deleted permanently."""
    remove_upload(volume.layout.leaving(image_id), *(_names(record) if record else ()))


def forget(volume: Volume, image_id: str, record: Record | None) -> None:
    """Remove what is left of an image that is no longer listed, its claim excepted: markers and folder."""
    drop_markers(volume, image_id, record)
    remove_left(volume, image_id, record)


def _names(record: Record) -> list[str]:
    """The files of an image, the record last, because it holds the hash that is needed after a crash."""
    return [record.original, *renditions.file_names(record), RECORD]


def finish(volume: Volume, image_id: str) -> None:
    """Finish an interrupted delete; raises `OSError` or `Busy`."""
    if volume.is_there(image_id) or volume.is_trashed(image_id):
        # a copy that somebody put here: the image keeps its claim and markers
        remove_upload(volume.layout.leaving(image_id))
        return
    record = left_record(volume.layout.leaving(image_id))
    if record is not None:
        with duplicates.holding_lock(volume, record.sha256, wait=0):
            duplicates.drop(volume, record.sha256, image_id)
    forget(volume, image_id, None if record is None else record.with_(state=State.FAILED))
    drop_empty(volume, image_id)


def drop_upload(volume: Volume, folder: Path, image_id: str) -> bool:
    """Remove an upload whose process has ended. It is moved away in one step, so that a writer that is alive after all
    fails completely."""
    try:
        folder.rename(volume.layout.leaving(image_id))
    except OSError as error:
        if is_gone(error):
            return False
        raise
    with suppress(Busy):  # the next sweep finishes it
        finish(volume, image_id)
    return True


def left_record(folder: Path) -> Record | None:
    """The record in a folder of `incoming/`, if there is one that can be read."""
    try:
        return Record.from_json(read_small_file(folder / RECORD))
    except (OSError, ValueError):
        return None


def drop_empty(volume: Volume, image_id: str) -> None:
    """Remove the folders of an image's minute and day if they hold nothing any more."""
    bucket = volume.layout.bucket(image_id)
    with suppress(OSError):
        bucket.rmdir()
        bucket.parent.rmdir()
