"""One attempt of a worker at an image: counted on the volume, exclusive, and ended in one of five ways."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.errors import GalleryError, ImageNotFound
from pipeline.images.header import Format
from pipeline.images.recipe import RECIPE
from pipeline.records import MAX_ATTEMPTS, RENDITIONS, Record, State, StoredReason, StoredRendition
from pipeline.store import failure_marks, outbox, reading
from pipeline.store.progress import Facts, Progress, attempt_line, grid_line, progress
from pipeline.store.reading import unless_deleted
from pipeline.store.renditions import intact, remove_former
from pipeline.times import now
from pipeline.volume.files import (
    is_gone,
    is_unlinked,
    let_others_read,
    look_again,
    put_whole,
    remove_temporaries,
    still_linked,
    write_all,
)
from pipeline.volume.locks import Busy, acquire
from pipeline.volume.volume import Volume

_MARKER_WAIT = 0.5


class NothingToDo(Exception):
    """There is nothing to do: the image has reached its end, is deleted, another worker has it, or a newer release
    made it."""


class ViewCanWait(Exception):
    """The grid is there, and others wait for theirs."""


@contextmanager
def attempt(
    volume: Volume, image_id: str, *, worker: str, queued_at: str | None = None, grid_only: bool = False
) -> Iterator[Attempt]:
    """Begin an attempt at a pending image: exclusive, and counted on disk before it begins.

    Raises `NothingToDo`, and `ViewCanWait` if only the grid is wanted and it is there. An attempt that is neither
    finished, handed on, failed nor rolled back stays counted.
    """
    try:
        path = volume.layout.marker(image_id)
        marker = look_again(volume.layout.pending, lambda: os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        if is_gone(error):
            raise NothingToDo from None
        raise
    try:
        with unless_deleted(volume, image_id):
            try:
                begun = _begin(volume, image_id, marker, worker=worker, queued_at=queued_at, grid_only=grid_only)
            except OSError as error:
                if error.errno != errno.ESTALE:
                    raise
                raise NothingToDo from None  # another machine has just taken this marker out of the outbox
            yield begun
    finally:
        with suppress(OSError):
            os.close(marker)


def _begin(
    volume: Volume, image_id: str, marker: int, *, worker: str, queued_at: str | None, grid_only: bool
) -> Attempt:
    """Lock the open `marker`, count the attempt on disk, and return it; raises `NothingToDo` or `ViewCanWait`.

    If `MAX_ATTEMPTS` were begun at this pass and none ended, the attempt is `exhausted`: it is not counted, and can
    only fail.

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
    record = reading.read(volume, image_id, listed=True)  # who deletes it takes the marker away
    if record.is_newer:
        raise NothingToDo
    size = os.lseek(marker, 0, os.SEEK_END)
    found = progress(record, os.pread(marker, size, 0))
    # a failed image with an empty marker is about to be retried by hand
    if record.state is State.READY or (record.state is State.FAILED and found.begun):
        # a retry elsewhere may have put another marker in the place of this one
        if still_linked(marker, volume.layout.marker(image_id)):
            remove_former(volume.layout.image(image_id), record)
            outbox.leave_again(volume, record)
        raise NothingToDo
    if record.state is State.FAILED:
        failure_marks.drop_failure(volume, image_id)  # that retry ended before it could
    is_first = record.recipe is None
    is_alone = is_first and not found.begun
    if found.begun or record.state is State.FAILED:  # an attempt or a retry may have been cut short
        remove_temporaries(volume.layout.image(image_id))
    record = found.record.with_(renditions=intact(volume, found.record))
    has_grid = "grid" in record.renditions and record.recipe == RECIPE
    if has_grid and grid_only:
        outbox.mark_seen(marker)
        raise ViewCanWait
    if found.attempts >= MAX_ATTEMPTS:
        return Attempt(volume, record, marker, found.attempts, size, found, exhausted=True, has_grid=has_grid)
    number = found.attempts + 1
    started_at = now()
    try:
        write_all(marker, attempt_line(started_at, worker, queued_at))
        os.fsync(marker)
    except OSError:
        with suppress(OSError):
            os.ftruncate(marker, size)
        raise
    if record.started_at is None or not has_grid:
        record = record.with_(started_at=started_at, queued_at=queued_at)
    record = record.with_(attempts=number, worker=worker)
    return Attempt(volume, record, marker, number, size, found, is_first=is_first, is_alone=is_alone, has_grid=has_grid)


class Attempt:
    """Made by `attempt`, which holds the lock on the marker meanwhile.

    `number` counts from 1, at the grid and then at the view; `has_grid` says that the view alone is left to make,
    `is_first` that the image was never made before, and `is_alone` that no earlier attempt can have left a view of
    another format. `before` is what the marker told before. The attempt ends by `finish`, by `hand_on`, by `fail`, by
    `roll_back` (it does not count: the volume was at fault, or the worker was told to stop), or it stays counted
    because the process died.
    """

    def __init__(
        self,
        volume: Volume,
        record: Record,
        marker: int,
        number: int,
        begun_at: int,
        before: Progress,
        *,
        exhausted: bool = False,
        is_first: bool = False,
        is_alone: bool = False,
        has_grid: bool = False,
    ) -> None:
        self.record = record
        self.number = number
        self.exhausted = exhausted
        self.is_first = is_first
        self.has_grid = has_grid
        self.before = before
        self._volume = volume
        self._marker = marker
        self._begun_at = begun_at
        self._is_alone = is_alone
        self._shown = b""
        self.open = True
        self.is_handed_on = False

    @property
    def is_last(self) -> bool:
        """Whether no other attempt follows at this pass; if the grid was shown, this is the first one at the view."""
        return (1 if self._shown else self.number) >= MAX_ATTEMPTS

    @property
    def original(self) -> Path:
        """The original's path, for the renderer to read."""
        return self._volume.layout.image(self.record.id) / self.record.original

    def put(self, name: str, data: bytes, width: int, height: int, format_: Format = Format.WEBP) -> None:
        """Write a rendition whole, its bytes flushed; its name is, with those of the others, before the end."""
        with self.unless_deleted():
            put_whole(self._volume.layout.rendition(self.record.id, name, format_), data)
        infos = {**self.record.renditions, name: StoredRendition.of(data, width, height, format_)}
        self.record = self.record.with_(renditions=infos)

    def show(self, recipe: int) -> None:
        """Let readers see the grid; this attempt goes on with the view."""
        self._show(recipe, attempts=1, facts=Facts())

    def hand_on(self, recipe: int, **facts: Any) -> Record:
        """The grid is there, and readers see it: this pass ends, and the view is left to another. The image stays in
        the outbox."""
        self.record = self.record.with_(**facts)
        self._show(recipe, attempts=0, facts=Facts(**facts))
        outbox.mark_seen(self._marker)
        self.open, self.is_handed_on = False, True
        return self.record

    def _show(self, recipe: int, *, attempts: int, facts: Facts) -> None:
        """Nothing is flushed: if the line is lost, the grid is made once more; so it is if its file is, which the next
        attempt sees."""
        self.record = self.record.with_(recipe=recipe)
        grid = self.record.renditions["grid"]
        self._shown = grid_line(grid, recipe, attempts=0, facts=facts)
        os.lseek(self._marker, 0, os.SEEK_END)
        write_all(self._marker, grid_line(grid, recipe, attempts=attempts, facts=facts))
        let_others_read(self._marker)

    def finish(self, **facts: Any) -> Record:
        """All renditions are on disk: the image is ready, and leaves the outbox."""
        if missing := set(RENDITIONS) - self.record.renditions.keys():
            raise RuntimeError(f"not ready without {', '.join(sorted(missing))}")
        return self._end(State.READY, reason=None, **facts)

    def fail(self, error: GalleryError) -> Record:
        """No thumbnail can be made: the image is failed with a reason, and leaves the outbox."""
        failure_marks.note_failure(self._volume, self.record.id, self.before.trace)
        try:
            return self._end(State.FAILED, reason=StoredReason.of(error))
        except ImageNotFound:
            failure_marks.drop_failure(self._volume, self.record.id)
            raise

    def roll_back(self) -> None:
        """Take the attempt back; the image stays in the outbox, and a grid that was shown stays visible."""
        os.ftruncate(self._marker, self._begun_at)
        if self._shown:
            os.lseek(self._marker, 0, os.SEEK_END)
            with suppress(OSError):  # on a full volume it is made once more
                write_all(self._marker, self._shown)
                outbox.mark_seen(self._marker)
        os.fsync(self._marker)
        self.open = False

    def _end(self, state: State, **facts: Any) -> Record:
        self.record = self.record.with_(state=state, attempts=self.number, finished_at=now(), **facts)
        path = self._volume.layout.record(self.record.id)
        with self.unless_deleted(), self._volume.folders.flushing(path.parent) as flush:
            if self.record.renditions:
                flush()
            put_whole(path, self.record.to_json())
            flush()
        with suppress(OSError):
            if os.fstat(self._marker).st_nlink > 1:  # a delete that was killed had linked it into the folder
                remove_temporaries(path.parent)
        if not self._is_alone:
            remove_former(self._volume.layout.image(self.record.id), self.record)
        outbox.leave(self._volume, self.record.id)
        self.open = False
        return self.record

    def unless_deleted(self) -> AbstractContextManager[None]:
        """A context in which a missing file raises `ImageNotFound` if the image was deleted meanwhile."""
        return unless_deleted(self._volume, self.record.id)

    def has_original(self) -> bool:
        """Whether the original is in its folder, by a fresh look; raises `OSError`."""
        return self.original.name in os.listdir(self.original.parent)
