"""Making the renditions of a ready image again, or reading what the camera knew. The image stays ready, and its old
files are served until then.

Nothing is recorded on the volume beforehand: the records show what is left to do, so an interrupted run is simply
started again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import ImageNotFound, UnusableRecord
from pipeline.images.header import Format
from pipeline.images.recipe import FACTS_VERSION, RECIPE
from pipeline.images.view_format import ViewFormat
from pipeline.records import RENDITIONS, Record, State, StoredRendition
from pipeline.store import former
from pipeline.store.attempts import NothingToDo
from pipeline.store.renditions import former_names
from pipeline.store.store import Store
from pipeline.volume.files import is_gone, remove_temporaries, replace_whole
from pipeline.volume.locks import Busy, acquire, is_locked

_LOCK_WAIT = 0.5


class Which(StrEnum):
    """Which ready images to make again: those whose files are not as recorded, those and the ones of another recipe or
    of a format that the settings no longer ask for, or all. Or of which to read the facts of the camera: those that an
    older release read, or none."""

    MISSING = "missing"
    OUTDATED = "outdated"
    ALL = "all"
    FACTS = "facts"


class RenderedFile(NamedTuple):
    """A rendition made: its name, the bytes of its file, size in pixels, and format."""

    name: str
    data: bytes
    width: int
    height: int
    format: Format = Format.WEBP


def is_wanted(store: Store, image_id: str, which: Which, view_format: ViewFormat) -> bool:
    """Whether to make this image again; `view_format` is that of the settings. Raises `UnusableRecord` or
    `VolumeUnavailable`."""
    try:
        record = store.get(image_id)
    except ImageNotFound:
        return False
    if record.state is not State.READY or record.is_newer:
        return False
    if which is Which.FACTS:
        return record.facts_version != FACTS_VERSION
    if which is Which.ALL or (which is Which.OUTDATED and _is_outdated(record, view_format)):
        return True
    return any(not _as_recorded(store, record, name) for name in RENDITIONS)


def _is_outdated(record: Record, wanted: ViewFormat) -> bool:
    view = record.renditions.get("view")
    return record.recipe != RECIPE or (view is not None and view.format is not wanted.of(record.kind))


def _as_recorded(store: Store, record: Record, name: str) -> bool:
    info = record.renditions.get(name)
    try:
        return info is not None and store.layout.rendition(record.id, name, info.format).stat().st_size == info.bytes
    except FileNotFoundError:
        return False


def uploads_wait(store: Store) -> bool:
    """Whether an accepted image waits for a worker: it goes before those that have renditions already."""
    return any(not store.volume.image_locks.is_held(image_id) for image_id in store.pending())


def is_in_hand(store: Store, image_id: str) -> bool:
    """Whether a live process is making it again."""
    try:
        return is_locked(store.original(store.get(image_id)))
    except (ImageNotFound, UnusableRecord):
        return False


@contextmanager
def regenerating(store: Store, image_id: str) -> Iterator[Regeneration]:
    """Hold a ready image to make it again; raises `NothingToDo` if it is gone, not ready, or held already.

    The lock lies on the original, which is never written, and ends with the process.
    """
    try:
        original = store.original(record := store.get(image_id))
        descriptor = os.open(original, os.O_RDWR | os.O_CLOEXEC)
    except (ImageNotFound, FileNotFoundError):
        raise NothingToDo from None
    try:
        acquire(descriptor, wait=_LOCK_WAIT)
        if record.state is not State.READY or record.is_newer:
            raise NothingToDo
        remove_temporaries(original.parent)
        yield Regeneration(store, image_id, original)
    except Busy:
        raise NothingToDo from None
    finally:
        os.close(descriptor)


class Regeneration:
    """A ready image in hand."""

    def __init__(self, store: Store, image_id: str, original: Path) -> None:
        self.original = original
        self._store = store
        self._id = image_id

    def replace(self, made: Sequence[RenderedFile], **facts: Any) -> Record:
        """Put the new renditions in the place of the old ones, whole, then the record, and remove a view of
        another format; raises `NothingToDo` where the image is gone or no longer ready."""
        store, infos = self._store, {}
        with self._there():
            for name, data, width, height, format_ in made:
                replace_whole(store.layout.rendition(self._id, name, format_), data)
                infos[name] = StoredRendition.of(data, width, height, format_)
            record = self._write(renditions=infos, recipe=RECIPE, **facts)
            if former_names(self.original.parent, record):
                with suppress(Busy):  # an attempt has the image, and removes them at its end
                    former.clear(store.volume, self._id)
        return record

    def describe(self, notes: Callable[[Sequence[str]], Sequence[str]], **facts: Any) -> Record:
        """Put facts of the camera into the record, and what `notes` makes of its notes; the renditions stay as they
        are. Raises as `replace`."""
        with self._there() as record:
            return self._write(notes=tuple(notes(record.notes)), **facts)

    def _write(self, **changes: Any) -> Record:
        record = self._store.get(self._id).with_(facts_version=FACTS_VERSION, **changes)
        replace_whole(self._store.layout.record(self._id), record.to_json())
        return record

    @contextmanager
    def _there(self) -> Iterator[Record]:
        """The record as it is now; what fails because the image is gone, or is no longer ready, is `NothingToDo`."""
        try:
            record = self._store.get(self._id)
            if record.state is not State.READY or record.is_newer:
                raise NothingToDo
            yield record
        except OSError as error:
            if not is_gone(error) or self._store.volume.is_there(self._id):
                raise
            raise NothingToDo from None
        except ImageNotFound:
            raise NothingToDo from None
