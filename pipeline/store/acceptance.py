"""Accepting: an upload becomes an image that survives any crash, or leaves nothing behind."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipeline.errors import DamagedRecord, EmptyFile, MadeByNewerRelease, NotRetryable, VolumeUnavailable, volume_error
from pipeline.ids import made_at
from pipeline.images.formats import Header, Limits, check_bounds, read_header
from pipeline.names import clean_name
from pipeline.records import Record, State
from pipeline.store import deletion, duplicates, outbox, reading, trash
from pipeline.store.day_folder import touch
from pipeline.store.incoming import IncomingUpload, remove_upload
from pipeline.times import format_rfc3339, now
from pipeline.volume.files import open_private, write_all
from pipeline.volume.layout import RECORD
from pipeline.volume.locks import Busy
from pipeline.volume.volume import Volume
from pipeline.volume.writeback import start_flushing

_LARGE = 16 * 1024 * 1024


class Accepted(NamedTuple):
    """The answer to an upload: the record, and whether the image is new or had these bytes already.

    `pending` says that the image needs a job: it is new, or its original was damaged or gone and was replaced by the
    uploaded bytes. `restored` says that the image was in the trash.
    """

    record: Record
    new: bool
    pending: bool
    restored: bool = False


def describe(file: BinaryIO, image_id: str, *, name: str, size: int, sha256: str, limits: Limits | None) -> Record:
    """The record of a new image, by its header; raises the named errors of `read_header` and `check_bounds`."""
    if size == 0:
        raise EmptyFile
    header = _header(file)
    if limits is not None:
        check_bounds(header, limits)
    return Record(
        id=image_id,
        name=clean_name(name, header.format.extension),
        format=header.format,
        bytes=size,
        width=header.width,
        height=header.height,
        sha256=sha256,
        received_at=now(),
        animated=header.animated,
        frames=header.frames,
        duration_ms=header.duration_ms,
    )


def _header(file: BinaryIO) -> Header:
    """The header, read through a buffer: parsers take small steps, and each would be a system call."""
    if not isinstance(file, io.RawIOBase):
        return read_header(file)
    buffered = io.BufferedReader(file)
    try:
        return read_header(buffered)
    finally:
        buffered.detach()


def accept(
    volume: Volume, upload: IncomingUpload, name: str, limits: Limits, traceparent: str | None = None
) -> Accepted:
    """Make an image of an upload, or find the existing one with these bytes. Its trace goes on at `traceparent`.

    When this returns, the image survives any crash. Raises a named error if the bytes are not an accepted picture or
    the volume fails; nothing of the upload is left then.
    """
    try:
        record = describe(upload.file, upload.id, name=name, size=upload.size, sha256=upload.sha256, limits=limits)
        upload.rename(record.original)
        if upload.size > _LARGE:
            upload.flush_to_disk()  # before taking the lock, which others wait for
        with duplicates.holding_lock(volume, record.sha256):
            folders, existing = duplicates.claim_or_find(volume, record.sha256, record.id)
            if existing is None:
                _commit(volume, upload, record, folders, traceparent)
                return Accepted(record, new=True, pending=True)
            if existing.in_trash:
                trash.bring_back(volume, existing.id)
            accepted = _compare(volume, upload, record, existing.id, traceparent)
            pending = accepted.pending or (existing.in_trash and accepted.record.state is State.PENDING)
            return accepted._replace(pending=pending, restored=existing.in_trash)
    except OSError as error:
        raise volume_error(error) from error
    except Busy as busy:
        raise VolumeUnavailable("another upload holds the lock") from busy
    finally:
        upload.discard()


def _compare(volume: Volume, upload: IncomingUpload, sent: Record, image_id: str, traceparent: str | None) -> Accepted:
    """Whether the image really has these bytes; if it lost them, those that were sent take their place."""
    try:
        existing = reading.get(volume, image_id, listed=True)  # when its claim was found
        if duplicates.has_bytes(volume.layout.image(image_id) / existing.original, existing):
            volume.flush_place(image_id)  # the process that accepted it may have died before
            return Accepted(existing, new=False, pending=False)
        if existing.is_newer:
            raise MadeByNewerRelease
    except DamagedRecord:
        existing = sent.with_(id=image_id, received_at=format_rfc3339(made_at(image_id)))
    upload.flush_to_disk()

    def put() -> Record:
        original = volume.layout.image(image_id) / upload.name
        (upload.folder / upload.name).rename(original)
        volume.folders.flush_once(original.parent)
        return existing

    try:
        record = outbox.reopen(volume, image_id, put, traceparent=traceparent)
    except NotRetryable as at_work:
        raise VolumeUnavailable("a worker has the image whose original is damaged") from at_work
    volume.flush_place(image_id)
    return Accepted(record, new=False, pending=True)


def _commit(
    volume: Volume, upload: IncomingUpload, record: Record, claimed: list[Path], traceparent: str | None
) -> None:
    """Write record and marker, flush all bytes and names, those in `claimed` too, and make the image visible by one
    rename."""
    layout, image_id = volume.layout, record.id
    target = layout.image(image_id)
    try:
        described = _write_record(upload.folder / RECORD, record)
        try:
            outbox.make_marker(volume, image_id, traceparent)
            # all names first, then the flushes: a file system with a journal writes them out at once
            start_flushing(described)
            upload.flush_to_disk()
            os.fsync(described)
        finally:
            os.close(described)
        volume.folders.flush_once(upload.folder)
        for folder in (layout.pending, *claimed):
            volume.folders.flush(folder)
        upload.release()
        volume.move_in(upload.folder, target)
        touch(target.parent.parent)
        volume.flush_place(image_id)
    except OSError:
        _take_back(volume, upload, record)
        raise


def _write_record(path: Path, record: Record) -> int:
    """Write a record that nobody sees yet; returns the open file, to be flushed."""
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        write_all(descriptor, record.to_json())
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _take_back(volume: Volume, upload: IncomingUpload, record: Record) -> None:
    """Undo what was done for an upload that could not be accepted; the image stays in the outbox if that fails."""
    layout = volume.layout
    upload.release()
    with suppress(OSError):
        layout.image(record.id).rename(layout.leaving(record.id))
    if layout.image(record.id).exists():
        return
    with suppress(OSError):
        deletion.drop_empty(volume, record.id)
        duplicates.drop(volume, record.sha256, record.id)
        deletion.forget(volume, record.id, record)
    with suppress(OSError):
        # a fresh look: over a network, a folder that was moved may still be found under its former name
        if upload.folder.name in volume.arriving():
            remove_upload(upload.folder, upload.name)
