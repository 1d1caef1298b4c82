"""Accepting: from a draft to an image that survives any crash, or to nothing at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pipeline.errors import EmptyFile, ImageNotFound
from pipeline.images.formats import Limits, check_bounds, read_header
from pipeline.names import clean_name
from pipeline.records import Record, now
from pipeline.store.days import touch
from pipeline.store.incoming import IncomingUpload
from pipeline.volume.files import flush_file, flush_folder, start_flushing
from pipeline.volume.layout import RECORD, Layout
from pipeline.volume.locks import locked

if TYPE_CHECKING:
    from pipeline.store.store import Store

LOCK_WAIT = 10.0
_LARGE = 16 * 1024 * 1024


def describe(file: BinaryIO, image_id: str, *, name: str, size: int, sha256: str, limits: Limits | None) -> Record:
    """The record of a new image, by its header; raises the named errors of `read_header` and `check_bounds`."""
    if size == 0:
        raise EmptyFile
    header = read_header(file)
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


def settle(store: Store, draft: IncomingUpload, record: Record) -> None:
    """Give the file of a draft, still unseen, its name, and put its record beside it."""
    if draft.size > _LARGE:
        draft.flush_to_disk()  # not under the lock, which others wait for
    store.step("accept:before-name")
    (draft.folder / "original").rename(draft.folder / record.original)
    store.step("accept:before-record")
    (draft.folder / RECORD).write_bytes(record.to_json())
    store.step("accept:before-marker")


def publish(store: Store, draft: IncomingUpload, record: Record) -> Record | None:
    """Make a settled draft visible, unless an image holds these bytes already: then that one's record."""
    with locked(store.layout.hash_lock(record.sha256), wait=LOCK_WAIT):
        standing = _holder(store, record.sha256)
        if standing is None:
            _publish(store, draft, record)
        else:
            flush_place(store, standing.id)  # whoever accepted it may have died before
        return standing


def _holder(store: Store, sha256: str) -> Record | None:
    """The image that holds these bytes; claims of images that never came to be are dropped."""
    for image_id in claimants(store.layout, sha256):
        try:
            return store.get(image_id)
        except ImageNotFound:
            store.layout.claim(sha256, image_id).unlink(missing_ok=True)
    return None


def claimants(layout: Layout, sha256: str) -> list[str]:
    """The ids that claim these bytes; their images may be gone."""
    prefix = f"{sha256}."
    try:
        entries = os.listdir(layout.claims(sha256))
    except FileNotFoundError:
        return []
    return [entry.removeprefix(prefix) for entry in entries if entry.startswith(prefix)]


def _publish(store: Store, draft: IncomingUpload, record: Record) -> None:
    """All bytes and names flushed, marker, claim, and the one rename that makes the image visible; all or nothing."""
    layout, image_id = store.layout, record.id
    claim, target = layout.claim(record.sha256, image_id), layout.image(image_id)
    try:
        layout.marker(image_id).touch()
        store.step("accept:before-claim")
        unflushed = [draft.folder, layout.pending, claim.parent]
        if not claim.parent.exists():
            claim.parent.mkdir(exist_ok=True)
            unflushed.append(layout.hashes)
        claim.touch()
        store.step("accept:before-flush")
        # all names first, then the flushes: a file system with a journal writes them out at once
        start_flushing(draft.folder / RECORD)
        draft.flush_to_disk()
        flush_file(draft.folder / RECORD)
        for folder in unflushed:
            flush_folder(folder)
        store.step("accept:before-rename")
        _move_in(draft.folder, target)
        store.step("accept:after-rename")
        touch(target.parent.parent)
        flush_place(store, image_id)
    except OSError:
        _take_back(store, record)
        raise


def flush_place(store: Store, image_id: str) -> None:
    """Flush the names by which an image is found."""
    bucket = store.layout.bucket(image_id)
    for folder in (bucket, bucket.parent, store.layout.images):
        flush_folder(folder)


def _move_in(draft: Path, target: Path) -> None:
    while True:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.rename(target)
        except FileNotFoundError:
            # a delete may have removed the empty bucket in between
            if not draft.exists():
                raise
        else:
            return


def _take_back(store: Store, record: Record) -> None:
    layout = store.layout
    with suppress(OSError):
        layout.image(record.id).rename(layout.leaving(record.id))
    if layout.image(record.id).exists():
        return  # it could not be taken back: it stands, and in the outbox
    store.drop_empty(record.id)
    with suppress(OSError):
        store.forget(record.id, record.sha256)
