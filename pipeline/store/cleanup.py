"""What crashes leave on the volume, found and removed. Its cost follows what is in the work, not all images."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from pipeline.errors import GalleryError, ImageNotFound, VolumeUnavailable
from pipeline.ids import is_id
from pipeline.records import Record, State
from pipeline.store.store import Store
from pipeline.volume.layout import RECORD
from pipeline.volume.locks import Busy, is_locked

_GRACE_SECONDS = 60.0
_log = structlog.get_logger()


@dataclass(slots=True)
class Tidied:
    """How many leftovers were removed, by kind."""

    drafts: int = 0
    deleted: int = 0
    markers: int = 0
    failures: int = 0


def cleanup(store: Store, grace: float = _GRACE_SECONDS) -> Tidied:
    """Remove drafts that nobody writes any more, half-deleted images, and markers without an image.

    A draft is left alone while its writer lives (it holds a lock) and for `grace` seconds after.
    """
    done = Tidied()
    layout = store.layout
    for name in os.listdir(layout.incoming):
        folder = layout.incoming / name
        with tolerated(folder):
            if name.endswith(".deleted") and is_id(image_id := name.removesuffix(".deleted")):
                store.forget(image_id, _sha256(folder))
                done.deleted += 1
            elif is_id(name) and abandoned(folder, grace):
                done.drafts += _drop_draft(store, name, folder)
    for image_id in store.pending():
        with tolerated(layout.marker(image_id)):
            done.markers += _drop_orphan(store, image_id, grace)
    for image_id in store.failed():
        with tolerated(layout.failure(image_id)):
            if not _is_failed(store, image_id):
                done.failures += store.forget_failure(image_id)
    return done


@contextmanager
def tolerated(path: Path) -> Iterator[None]:
    """What cannot be handled is told and left, so that it does not keep the others from their turn."""
    try:
        yield
    except (OSError, GalleryError, Busy) as error:
        _log.warning("left as it is", path=str(path), error=str(error) or type(error).__name__)


def abandoned(folder: Path, grace: float) -> bool:
    """Whether nobody writes this draft: it is older than `grace` seconds, and its writer's lock is gone."""
    try:
        if time.time() - folder.stat().st_mtime < grace:
            return False
        files = [folder / name for name in os.listdir(folder) if name.startswith("original")]
    except FileNotFoundError:
        return False
    # one that is no longer there was renamed by its writer, who lives
    return not any(is_locked(file) or not file.exists() for file in files)


def _sha256(folder: Path) -> str | None:
    try:
        return Record.from_json((folder / RECORD).read_bytes()).sha256
    except (OSError, ValueError):
        return None


def _drop_draft(store: Store, image_id: str, folder: Path) -> bool:
    """Move the draft away in one step, so that a writer who lives after all fails whole, and remove it."""
    sha256 = _sha256(folder)
    try:
        folder.rename(store.layout.leaving(image_id))
    except FileNotFoundError:
        return False
    store.forget(image_id, sha256)
    return True


def _drop_orphan(store: Store, image_id: str, grace: float) -> bool:
    marker = store.layout.marker(image_id)
    with suppress(FileNotFoundError):
        # a volume shared over a network may show a marker before its image
        if time.time() - marker.stat().st_mtime < grace or is_locked(marker):
            return False
        if not store.layout.draft(image_id).exists() and not _exists(store, image_id):
            marker.unlink()
            return True
    return False


def _exists(store: Store, image_id: str) -> bool:
    try:
        store.get(image_id)
    except ImageNotFound:
        return False
    except VolumeUnavailable:
        return True
    return True


def _is_failed(store: Store, image_id: str) -> bool:
    if is_locked(store.layout.marker(image_id)):
        return True
    with suppress(VolumeUnavailable):
        try:
            record = store.get(image_id)
        except ImageNotFound:
            return False
        return record.state is State.FAILED or record.is_newer
    return True
