"""Begin an attempt of a worker at an image: exclusive, and counted on the volume."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO

from pipeline.records import MAX_ATTEMPTS, State
from pipeline.store import failure_marks, outbox, reading
from pipeline.store.attempt import Attempt
from pipeline.store.progress import Progress, attempt_line, progress
from pipeline.store.reading import unless_deleted
from pipeline.store.renditions import has_grid, intact, remove_former
from pipeline.times import now
from pipeline.volume.files import (
    is_gone,
    is_unlinked,
    look_again,
    remove_temporaries,
    still_linked,
    write_all,
)
from pipeline.volume.locks import Busy
from pipeline.volume.volume import Volume

_LOCK_WAIT = 0.5


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
    with ExitStack() as held:
        try:
            held.enter_context(volume.image_locks.hold(image_id, wait=_LOCK_WAIT))
        except Busy:
            raise NothingToDo from None
        held.enter_context(unless_deleted(volume, image_id))
        try:
            marker = held.enter_context(_open_marker(volume, image_id))
            begun = _begin(volume, image_id, marker, worker=worker, queued_at=queued_at, grid_only=grid_only)
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
            raise NothingToDo from None  # another machine has just taken this marker out of the outbox
        yield begun


@contextmanager
def _open_marker(volume: Volume, image_id: str) -> Iterator[FileIO]:
    """Open an image's marker, for as long as the attempt lasts. Raises `NothingToDo` if it is not in the outbox."""
    path = volume.layout.marker(image_id)
    try:
        descriptor = look_again(path.parent, lambda: volume.open_shared(path, os.O_RDWR))
    except OSError as error:
        if is_gone(error):
            raise NothingToDo from None
        raise
    marker = FileIO(descriptor, "r+")
    try:
        if is_unlinked(descriptor):
            raise NothingToDo
        yield marker
    finally:
        with suppress(OSError):
            marker.close()


def _begin(
    volume: Volume, image_id: str, marker: FileIO, *, worker: str, queued_at: str | None, grid_only: bool
) -> Attempt:
    """Count the attempt in the open `marker`, and return it; raises `NothingToDo` or `ViewCanWait`.

    If `MAX_ATTEMPTS` were begun at this pass and none ended, the attempt is `exhausted`: it is not counted, and can
    only fail.
    """
    record = reading.read(volume, image_id, listed=True)  # who deletes it takes the marker away
    if record.is_newer:
        raise NothingToDo
    end = marker.seek(0, os.SEEK_END)
    found = progress(record, os.pread(marker.fileno(), end, 0))
    if _has_ended(found):
        # over a network, the marker that was opened may be one that another machine has removed
        if still_linked(marker.fileno(), volume.layout.marker(image_id)):
            remove_former(volume.layout.image(image_id), record)
            outbox.finish_removal(volume, record)
        raise NothingToDo
    if record.state is State.FAILED:
        failure_marks.drop_failure(volume, image_id)  # that retry ended before it could
    if found.has_attempts or record.state is State.FAILED:  # an attempt or a retry may have been cut short
        remove_temporaries(volume.layout.image(image_id))
    is_first = record.recipe is None
    record = found.record.with_(renditions=intact(volume, found.record))
    if grid_only and has_grid(record):
        outbox.mark_has_grid(marker.fileno())
        raise ViewCanWait
    if found.attempts < MAX_ATTEMPTS:
        started_at = now()
        _count_attempt(marker.fileno(), end, attempt_line(started_at, worker, queued_at))
        if record.started_at is None or not has_grid(record):
            record = record.with_(started_at=started_at, queued_at=queued_at)
        record = record.with_(attempts=found.attempts + 1, worker=worker)
    return Attempt(volume, record, marker, end, found, is_first=is_first)


def _has_ended(found: Progress) -> bool:
    """Whether the image is ready or failed; a failed one whose marker is empty is about to be retried by hand."""
    state = found.record.state
    return state is State.READY or (state is State.FAILED and found.has_attempts)


def _count_attempt(marker: int, end: int, line: bytes) -> None:
    """Add a line to the marker and flush it; if that fails, the marker ends at `end` again."""
    try:
        write_all(marker, line)
        os.fsync(marker)
    except OSError:
        with suppress(OSError):
            os.ftruncate(marker, end)
        raise
