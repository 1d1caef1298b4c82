"""One attempt of a worker at an image: counted on the volume, exclusive, and ended in one of four ways."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import GalleryError, ImageNotFound
from pipeline.records import (
    MAX_ATTEMPTS,
    RENDITIONS,
    Reason,
    Record,
    RenditionInfo,
    State,
    now,
    renditions_from_json,
    renditions_to_json,
)
from pipeline.volume.files import flush_folder, put_whole, replace_whole, still_linked, write_all
from pipeline.volume.locks import Busy, acquire

if TYPE_CHECKING:
    from pipeline.store.store import Store


_MARKER_WAIT = 0.5


class NothingToDo(Exception):
    """There is nothing to do: the image has reached its end, is deleted, another worker is at it, or a newer release
    made it."""


def read_lines(marker: bytes) -> list[dict[str, Any]]:
    """What a marker tells, in its order; a line torn by a power loss was never written."""
    lines = []
    for line in marker.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def attempts_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The attempts begun."""
    return [line for line in lines if "started_at" in line]


def with_progress(record: Record, marker: bytes) -> Record:
    """A pending image's record with what its marker tells of: the attempts begun, the renditions made so far."""
    lines = read_lines(marker)
    if attempts := attempts_of(lines):
        last = attempts[-1]
        record = record.with_(attempts=len(attempts), started_at=last.get("started_at"), worker=last.get("worker"))
    for line in lines:
        with suppress(KeyError, ValueError):  # one that a newer release wrote in another way says nothing to us
            record = record.with_(renditions=renditions_from_json(line["renditions"]), recipe=line["recipe"])
    return record


def begin(store: Store, image_id: str, marker: int, *, worker: str, queued_at: str | None) -> Attempt:
    """Lock the open `marker`, count the attempt on disk, and return it; raises `NothingToDo`.

    Where `MAX_ATTEMPTS` were begun and none ended, the attempt is `exhausted`: it is not counted, and can only fail.

    The lock is what says that a worker is alive and at this image: it ends with the process.
    """
    try:
        acquire(marker, wait=_MARKER_WAIT)
    except Busy:
        raise NothingToDo from None
    if not still_linked(marker, store.layout.marker(image_id)):
        raise NothingToDo
    record = store.get(image_id)
    if record.is_newer:
        raise NothingToDo
    size = os.lseek(marker, 0, os.SEEK_END)
    begun = len(attempts_of(read_lines(os.pread(marker, size, 0))))
    # a failed image with an empty marker is about to be retried by hand
    if record.state is State.READY or (record.state is State.FAILED and begun):
        store.leave_outbox(image_id, failed=record.state is State.FAILED)
        raise NothingToDo
    # a power loss may have left the word of a rendition, and not its name
    there = {n: i for n, i in record.renditions.items() if store.layout.rendition(image_id, n).exists()}
    record = record.with_(renditions=there)
    for leftover in store.layout.image(image_id).glob(".*.tmp"):
        leftover.unlink(missing_ok=True)
    if begun >= MAX_ATTEMPTS:
        return Attempt(store, record, marker, begun, size, exhausted=True)
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
    store.step("render:begun")
    record = record.with_(attempts=number, started_at=started_at, worker=worker, queued_at=queued_at)
    return Attempt(store, record, marker, number, size)


class Attempt:
    """Made by `Store.attempt`, which holds the lock on the marker meanwhile.

    `number` counts from 1. The attempt ends by `finish`, by `fail`, by `roll_back` (it does not count: the
    volume was at fault, or the worker was told to stop), or it stays counted because the process died.
    """

    def __init__(
        self, store: Store, record: Record, marker: int, number: int, begun_at: int, *, exhausted: bool = False
    ) -> None:
        self.record = record
        self.number = number
        self.exhausted = exhausted
        self._store = store
        self._marker = marker
        self._begun_at = begun_at
        self.open = True

    @property
    def original(self) -> Path:
        """The original's path, for the renderer to read."""
        return self._store.original(self.record)

    def put(self, name: str, data: bytes, width: int, height: int) -> None:
        """Write a rendition whole, its bytes flushed; its name is, with those of the others, before the end."""
        self._step(f"render:before-{name}")
        with self.unless_deleted():
            put_whole(self._store.layout.rendition(self.record.id, name), data)
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
        self._store.note_failure(self.record.id)
        try:
            return self._end(State.FAILED, reason=Reason.of(error))
        except ImageNotFound:
            self._store.layout.failure(self.record.id).unlink(missing_ok=True)
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
            flush_folder(self._store.layout.image(self.record.id))
            replace_whole(self._store.layout.record(self.record.id), self.record.to_json())
        self._step("render:after-record")
        self._store.leave_outbox(self.record.id, failed=state is State.FAILED)
        self.open = False
        return self.record

    @contextmanager
    def unless_deleted(self) -> Iterator[None]:
        """A context in which a missing file raises `ImageNotFound` if the image was deleted meanwhile: its folder is
        gone, and the folder of all images is there."""
        try:
            yield
        except FileNotFoundError:
            layout = self._store.layout
            if layout.image(self.record.id).exists() or not layout.images.exists():
                raise
            raise ImageNotFound(self.record.id) from None

    def _step(self, name: str) -> None:
        self._store.step(name)
