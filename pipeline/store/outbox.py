"""The outbox: a marker in `pending/` for each image that waits. Beside it, a mark in `failed/` for each that failed.

The owner's execute bit of a marker says that the image has its grid, so that counting need not open it. It is a
hint: what the marker says, and the grid itself, are what counts.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO

from pipeline.errors import GalleryError, ImageNotFound, MadeByNewerRelease, NotRetryable, volume_error
from pipeline.ids import is_id
from pipeline.records import Record, State
from pipeline.store import failure_marks, reading
from pipeline.store.progress import trace_line
from pipeline.store.renditions import intact, remove_former
from pipeline.volume.files import put_whole, refresh, remove_temporaries, write_all
from pipeline.volume.locks import Busy
from pipeline.volume.volume import Volume

_LOCK_WAIT = 5.0
_HAS_GRID = stat.S_IXUSR


def pending(volume: Volume) -> list[str]:
    """The ids in the outbox, oldest first; raises the volume's named errors."""
    return ids_in(volume.layout.pending)


def failed(volume: Volume) -> list[str]:
    """The ids that are marked as failed, oldest first; raises the volume's named errors."""
    return ids_in(volume.layout.failed)


def ids_in(folder: os.PathLike[str]) -> list[str]:
    """The ids among the names in a folder of markers, oldest first; raises the volume's named errors."""
    try:
        return sorted(filter(is_id, os.listdir(folder)))
    except OSError as error:
        raise volume_error(error) from error


@dataclass(slots=True)
class Waiting:
    """How many images wait for their first picture, how many for their view alone, and the age in seconds of the
    stalest of each, counted from its last event."""

    grids: int = 0
    views: int = 0
    oldest_grid: float = 0.0
    oldest_view: float = 0.0


def waiting(volume: Volume) -> Waiting:
    """Count the outbox; raises the volume's named errors."""
    found, moment = Waiting(), time.time()
    try:
        with os.scandir(volume.layout.pending) as entries:
            for entry in entries:
                if not is_id(entry.name):
                    continue
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    age = moment - status.st_mtime
                    if status.st_mode & _HAS_GRID:
                        found.views, found.oldest_view = found.views + 1, max(found.oldest_view, age)
                    else:
                        found.grids, found.oldest_grid = found.grids + 1, max(found.oldest_grid, age)
    except OSError as error:
        raise volume_error(error) from error
    return found


def has_grid(volume: Volume, image_id: str) -> bool:
    """Whether a pending image has its grid, by its marker's word."""
    try:
        return bool(volume.layout.marker(image_id).stat().st_mode & _HAS_GRID)
    except OSError:
        return False


def mark_has_grid(marker: int) -> None:
    """Let an open marker say that the image has its grid."""
    with suppress(OSError):
        os.fchmod(marker, stat.S_IMODE(os.fstat(marker).st_mode) | _HAS_GRID)


def make_marker(volume: Volume, image_id: str, traceparent: str | None = None) -> None:
    """Put an image into the outbox. Its folder is to be flushed after."""
    with FileIO(volume.open_shared(volume.layout.marker(image_id), os.O_WRONLY | os.O_CREAT), "w") as marker:
        _write_trace(marker.fileno(), traceparent)


def _write_trace(marker: int, traceparent: str | None) -> None:
    """Write the trace into an open marker that is empty. It is not flushed: no image waits for its trace."""
    if traceparent is not None:
        with suppress(OSError):
            write_all(marker, trace_line(traceparent))


@contextmanager
def lock_marker(volume: Volume, image_id: str) -> Iterator[int]:
    """Hold the lock on an image, and its marker open, which is made if absent; yields its descriptor. Raises `Busy` if
    a worker has the image."""
    path = volume.layout.marker(image_id)
    with lock_image(volume, image_id), FileIO(volume.open_shared(path, os.O_RDWR | os.O_CREAT), "r+") as marker:
        yield marker.fileno()


@contextmanager
def lock_image(volume: Volume, image_id: str) -> Iterator[None]:
    """Hold the lock on an image, and find out which marker it has, if any. Raises `Busy` if a worker has the image.

    Over a network, a marker that another machine has removed would be remembered under its name.
    """
    with volume.image_locks.hold(image_id, wait=_LOCK_WAIT):
        refresh(volume.layout.pending)
        yield


def remove(volume: Volume, image_id: str) -> None:
    """Take an image that has reached its end out of the outbox, under its lock.

    A mark of an earlier failure may be left; the sweep removes it.
    """
    volume.layout.marker(image_id).unlink(missing_ok=True)


def finish_removal(volume: Volume, record: Record) -> None:
    """As `remove`, of an image that came back by a retry that was never answered, or did not leave before its worker
    was killed."""
    remove_temporaries(volume.layout.image(record.id))
    if record.state is State.FAILED:
        failure_marks.note_failure(volume, record.id)
    remove(volume, record.id)


def retry(
    volume: Volume, image_id: str, allowed: Collection[State] = (State.FAILED,), traceparent: str | None = None
) -> Record:
    """Put an image whose state is one of `allowed` back into the outbox, its attempts forgotten. A failed one keeps
    the grid that it has.

    Raises `ImageNotFound`, `NotRetryable`, `MadeByNewerRelease`, or the volume's named errors.
    """

    def prepare() -> Record:
        return _require(reading.read(volume, image_id), allowed)

    prepare()
    try:
        return reopen(volume, image_id, prepare, keep=State.FAILED, traceparent=traceparent)
    except OSError as error:
        raise volume_error(error) from error


def reopen(
    volume: Volume,
    image_id: str,
    prepare: Callable[[], Record],
    *,
    keep: State | None = None,
    traceparent: str | None = None,
) -> Record:
    """Put an image into the outbox with the record that `prepare` returns, as one that waits for its first attempt. If
    its state is `keep`, it keeps the grid that it has.

    `prepare` runs under the image's lock, once the marker is on disk. Raises what it raises, `NotRetryable` if a
    worker has the image, and `OSError`. If it raises, an image that had reached its end is not in the outbox.
    """
    try:
        with lock_marker(volume, image_id) as held:
            try:
                volume.folders.flush(volume.layout.pending)
                with reading.unless_deleted(volume, image_id):
                    return _begin_anew(volume, prepare(), held, keep=keep, traceparent=traceparent)
            except Exception:
                if _has_ended(volume, image_id):
                    remove(volume, image_id)
                raise
    except Busy as busy:
        raise NotRetryable(State.PENDING) from busy


def _has_ended(volume: Volume, image_id: str) -> bool:
    """Whether an image has no need of a marker, by its record; False if that cannot be told."""
    try:
        record = reading.read(volume, image_id)
    except ImageNotFound:
        return True
    except GalleryError:
        return False
    return not record.is_newer and record.state is not State.PENDING


def _begin_anew(volume: Volume, record: Record, held: int, *, keep: State | None, traceparent: str | None) -> Record:
    """Forget the attempts at an image, under its lock, in its open marker `held`."""
    os.ftruncate(held, 0)
    os.fsync(held)
    _write_trace(held, traceparent)
    remove_temporaries(volume.layout.image(record.id))
    remove_former(volume.layout.image(record.id), record)
    kept = intact(volume, record) if record.state is keep else {}
    record = record.with_(
        state=State.PENDING, reason=None, attempts=0, started_at=None, finished_at=None, renditions=kept
    )
    put_whole(volume.layout.record(record.id), record.to_json())
    volume.folders.flush_once(volume.layout.image(record.id))
    failure_marks.drop_failure(volume, record.id)  # not before: on a full volume it might not come back
    if "grid" in kept:
        mark_has_grid(held)
    return record


def _require(record: Record, allowed: Collection[State]) -> Record:
    if record.is_newer:
        raise MadeByNewerRelease
    if record.state not in allowed:
        raise NotRetryable(record.state)
    return record
