"""One attempt of a worker at an image: counted on the volume, exclusive, and ended in one of four ways."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.errors import GalleryError, ImageNotFound
from pipeline.records import MAX_ATTEMPTS, RENDITIONS, Reason, Record, RenditionInfo, State, now, renditions_to_json
from pipeline.store import outbox, reading
from pipeline.store.progress import attempts_of, read_lines
from pipeline.volume.files import (
    flush_folder,
    is_gone,
    is_unlinked,
    put_whole,
    remove_temporaries,
    replace_whole,
    still_linked,
    write_all,
)
from pipeline.volume.locks import Busy, acquire
from pipeline.volume.volume import Volume

_MARKER_WAIT = 0.5


class NothingToDo(Exception):
    """There is nothing to do: the image has reached its end, is deleted, another worker has it, or a newer release
    made it."""


@contextmanager
def attempt(volume: Volume, image_id: str, *, worker: str, queued_at: str | None = None) -> Iterator[Attempt]:
    """Begin an attempt at a pending image: exclusive, and counted on disk before it begins.

    Raises `NothingToDo`. An attempt that is neither finished, failed nor rolled back stays counted.
    """
    try:
        marker = os.open(volume.layout.marker(image_id), os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if is_gone(error):
            raise NothingToDo from None
        raise
    try:
        with unless_deleted(volume, image_id):
            yield _begin(volume, image_id, marker, worker=worker, queued_at=queued_at)
    finally:
        with suppress(OSError):
            os.close(marker)


@contextmanager
def unless_deleted(volume: Volume, image_id: str) -> Iterator[None]:
    """A context in which a missing file raises `ImageNotFound` if the image was deleted meanwhile: its folder is gone,
    and the folder of all images is there."""
    try:
        yield
    except OSError as error:
        if not is_gone(error) or volume.is_there(image_id):
            raise
        raise ImageNotFound(image_id) from None


def _begin(volume: Volume, image_id: str, marker: int, *, worker: str, queued_at: str | None) -> Attempt:
    """Lock the open `marker`, count the attempt on disk, and return it; raises `NothingToDo`.

    If `MAX_ATTEMPTS` were begun and none ended, the attempt is `exhausted`: it is not counted, and can only fail.

    The lock is what says that a worker is alive and has this image: it ends with the process.
    """
    try:
        acquire(marker, wait=_MARKER_WAIT)
        if is_unlinked(marker):
            raise NothingToDo
    except Busy:
        raise NothingToDo from None
    except OSError as error:
        if is_gone(error):
            raise NothingToDo from None
        raise
    record = reading.read(volume, image_id)
    if record.is_newer:
        raise NothingToDo
    size = os.lseek(marker, 0, os.SEEK_END)
    begun = len(attempts_of(read_lines(os.pread(marker, size, 0))))
    # a failed image with an empty marker is about to be retried by hand
    if record.state is State.READY or (record.state is State.FAILED and begun):
        # a retry elsewhere may have put another marker in the place of this one
        if still_linked(marker, volume.layout.marker(image_id)):
            outbox.leave(volume, image_id)
        raise NothingToDo
    if begun:
        record = _left_by_others(volume, record)
    if begun >= MAX_ATTEMPTS:
        return Attempt(volume, record, marker, begun, size, exhausted=True)
    number = begun + 1
    started_at = now()
    line = json.dumps({"started_at": started_at, "worker": worker})
    try:
        write_all(marker, f"\n{line}\n".encode())
        os.fsync(marker)
    except OSError:
        with suppress(OSError):
            os.ftruncate(marker, size)
        raise
    volume.step("render:begun")
    record = record.with_(attempts=number, started_at=started_at, worker=worker, queued_at=queued_at)
    return Attempt(volume, record, marker, number, size)


def _left_by_others(volume: Volume, record: Record) -> Record:
    """Remove what an attempt left half-written; the record with those of its renditions that are there.

    A power loss may have left the word of a rendition, and not its name.
    """
    remove_temporaries(volume.layout.image(record.id))
    there = {n: i for n, i in record.renditions.items() if volume.layout.rendition(record.id, n).exists()}
    return record.with_(renditions=there)


class Attempt:
    """Made by `attempt`, which holds the lock on the marker meanwhile.

    `number` counts from 1. The attempt ends by `finish`, by `fail`, by `roll_back` (it does not count: the
    volume was at fault, or the worker was told to stop), or it stays counted because the process died.
    """

    def __init__(
        self, volume: Volume, record: Record, marker: int, number: int, begun_at: int, *, exhausted: bool = False
    ) -> None:
        self.record = record
        self.number = number
        self.exhausted = exhausted
        self._volume = volume
        self._marker = marker
        self._begun_at = begun_at
        self.open = True

    @property
    def original(self) -> Path:
        """The original's path, for the renderer to read."""
        return self._volume.layout.image(self.record.id) / self.record.original

    def put(self, name: str, data: bytes, width: int, height: int) -> None:
        """Write a rendition whole, its bytes flushed; its name is, with those of the others, before the end."""
        self._step(f"render:before-{name}")
        with self.unless_deleted():
            put_whole(self._volume.layout.rendition(self.record.id, name), data)
        self._step(f"render:after-{name}")
        infos = {**self.record.renditions, name: RenditionInfo.of(data, width, height)}
        self.record = self.record.with_(renditions=infos)

    def show(self, recipe: int) -> None:
        """Let readers see the renditions made so far. Nothing rests on it, so nothing is flushed."""
        self.record = self.record.with_(recipe=recipe)
        made = renditions_to_json(self.record.renditions)
        os.lseek(self._marker, 0, os.SEEK_END)
        write_all(self._marker, f"\n{json.dumps({'renditions': made, 'recipe': recipe})}\n".encode())

    def finish(self, **facts: Any) -> Record:
        """All renditions are on disk: the image is ready, and leaves the outbox."""
        if missing := set(RENDITIONS) - self.record.renditions.keys():
            raise RuntimeError(f"not ready without {', '.join(sorted(missing))}")
        return self._end(State.READY, reason=None, **facts)

    def fail(self, error: GalleryError) -> Record:
        """No thumbnail can be made: the image is failed with a reason, and leaves the outbox."""
        outbox.note_failure(self._volume, self.record.id)
        try:
            return self._end(State.FAILED, reason=Reason.of(error))
        except ImageNotFound:
            outbox.drop_failure(self._volume, self.record.id)
            raise

    def roll_back(self) -> None:
        """Take the attempt back; the image stays in the outbox."""
        os.ftruncate(self._marker, self._begun_at)
        os.fsync(self._marker)
        self.open = False

    def _end(self, state: State, **facts: Any) -> Record:
        self._step("render:before-record")
        self.record = self.record.with_(state=state, attempts=self.number, finished_at=now(), **facts)
        with self.unless_deleted():
            if self.record.renditions:
                flush_folder(self._volume.layout.image(self.record.id))
            replace_whole(self._volume.layout.record(self.record.id), self.record.to_json())
        self._step("render:after-record")
        outbox.leave(self._volume, self.record.id)
        self.open = False
        return self.record

    def unless_deleted(self) -> AbstractContextManager[None]:
        """A context in which a missing file raises `ImageNotFound` if the image was deleted meanwhile."""
        return unless_deleted(self._volume, self.record.id)

    def has_original(self) -> bool:
        """Whether the original is in its folder, by a fresh look; raises `OSError`."""
        return self.original.name in os.listdir(self.original.parent)

    def _step(self, name: str) -> None:
        self._volume.step(name)
