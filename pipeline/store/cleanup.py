"""Find and remove what crashes leave on the volume. The cost depends on the work in progress, not on all images.

Nothing depends on age: a lock shows that a process is alive, and the volume shows that an image exists.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import structlog

from pipeline.errors import GalleryError
from pipeline.ids import is_id
from pipeline.records import State
from pipeline.store import deletion, outbox
from pipeline.store.outdated_failures import OutdatedFailures
from pipeline.volume.locks import Busy
from pipeline.volume.volume import Volume

_DELETED = "deleted"
_WORTH_LISTING = 16
_log = structlog.get_logger()


@dataclass(slots=True)
class Tidied:
    """How many leftovers were removed, by kind."""

    drafts: int = 0
    deleted: int = 0
    markers: int = 0
    failures: int = 0


def cleanup(volume: Volume, failures: OutdatedFailures | None = None) -> Tidied:
    """Remove abandoned uploads, half-deleted images, markers without an image, and outdated marks of failures: those
    that are due by what `failures` remembers.

    Raises `OSError` or the volume's named errors if the volume cannot be listed.
    """
    done = Tidied()
    layout = volume.layout
    for name in volume.arriving():
        folder = layout.incoming / name
        image_id, _, token = name.partition(".")
        with tolerated(folder):
            if not is_id(image_id):
                continue
            if token == _DELETED:
                deletion.finish(volume, image_id)
                done.deleted += 1
            elif is_abandoned(volume, name) and not was_accepted(folder, image_id):
                done.drafts += deletion.drop_upload(volume, folder, image_id)
    pending = outbox.pending(volume)
    for image_id in _unseen(volume, pending):
        with tolerated(layout.marker(image_id)):
            done.markers += drop_orphan(volume, image_id)
    failures = failures or OutdatedFailures(volume)
    for image_id in failures.due(pending):
        with tolerated(layout.failure(image_id)):
            done.failures += failures.drop_if_outdated(image_id)
    with tolerated(layout.locks):
        volume.presence.remove_ended()
    return done


@contextmanager
def tolerated(path: Path) -> Iterator[None]:
    """Log and skip an entry that fails, so that one bad file cannot block the others."""
    try:
        yield
    except (OSError, GalleryError, Busy) as error:
        _log.warning("left as it is", path=str(path), error=str(error) or type(error).__name__)


def is_abandoned(volume: Volume, name: str) -> bool:
    """Whether the process that wrote this upload, by its name in `incoming/`, has ended.

    Release 0.1 wrote names without a token; none of its processes runs beside this one.
    """
    _, _, token = name.partition(".")
    return not token or not volume.presence.is_alive(token)


def was_accepted(folder: Path, image_id: str) -> bool:
    """Whether a folder in `incoming/` is an image that was moved or copied there, since a worker has worked on it.

    Such an image is left to the doctor.
    """
    record = deletion.left_record(folder)
    if record is None or record.id != image_id:
        return False
    return record.state is not State.PENDING or bool(record.renditions)


def _unseen(volume: Volume, pending: list[str]) -> Iterator[str]:
    """The ids in the outbox without those that the listing of their minute shows. A minute is listed if many of its
    images wait: over a network that is one call, instead of one for each.
    """
    for bucket, group in groupby(pending, volume.layout.bucket):
        waiting = list(group)
        listed: set[str] = set()
        if len(waiting) >= _WORTH_LISTING:
            with suppress(OSError):  # each is looked up then
                listed.update(os.listdir(bucket))
        yield from (image_id for image_id in waiting if image_id not in listed)


def drop_orphan(volume: Volume, image_id: str) -> bool:
    """Remove a marker whose image is not there; whether it was removed.

    An upload goes from `incoming/` to its place in one step, so the place is looked at before and after. An image that
    is not there is locked only by a retry that is about to fail, or by a restore; after the lock the place is looked at
    once more.
    """
    if volume.layout.record(image_id).exists():
        return False  # if it is only remembered to be there, a later sweep sees it
    if volume.is_there(image_id) or volume.is_arriving(image_id) or volume.is_there(image_id):
        return False
    try:
        with volume.image_locks.hold(image_id, wait=0):
            if volume.is_there(image_id):
                return False
            volume.layout.marker(image_id).unlink()
    except (Busy, FileNotFoundError):
        return False
    return True
