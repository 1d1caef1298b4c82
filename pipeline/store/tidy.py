"""What crashes leave on the volume, found and removed. Its cost follows what is in the work, not all images."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.durable import is_locked, locked
from pipeline.errors import ImageNotFound, VolumeUnavailable
from pipeline.ids import is_id
from pipeline.records import Record, State
from pipeline.store.accept import LOCK_WAIT
from pipeline.store.layout import RECORD
from pipeline.store.store import Store

_GRACE_SECONDS = 60.0


@dataclass(slots=True)
class Tidied:
    """How many leftovers were removed, by kind."""

    drafts: int = 0
    deleted: int = 0
    markers: int = 0
    failures: int = 0


def tidy(store: Store, grace: float = _GRACE_SECONDS) -> Tidied:
    """Remove drafts that nobody writes any more, half-deleted images, and markers without an image.

    A draft is left alone while its writer lives (it holds a lock) and for `grace` seconds after.
    """
    done = Tidied()
    layout = store.layout
    for name in os.listdir(layout.incoming):
        folder = layout.incoming / name
        if name.endswith(".deleted") and is_id(image_id := name.removesuffix(".deleted")):
            _finish_delete(store, image_id, folder)
            done.deleted += 1
        elif is_id(name) and abandoned(folder, grace):
            _drop_draft(store, name, folder)
            done.drafts += 1
    for image_id in store.pending():
        if not layout.draft(image_id).exists() and not _exists(store, image_id):
            layout.marker(image_id).unlink(missing_ok=True)
            done.markers += 1
    for image_id in store.failed():
        if not _is_failed(store, image_id):
            layout.failure(image_id).unlink(missing_ok=True)
            done.failures += 1
    return done


def abandoned(folder: Path, grace: float) -> bool:
    """Whether nobody writes this draft: it is older than `grace` seconds, and its writer's lock is gone."""
    try:
        if time.time() - folder.stat().st_mtime < grace:
            return False
        files = [folder / name for name in os.listdir(folder) if name.startswith("original")]
    except FileNotFoundError:
        return False
    return not any(is_locked(file) for file in files)


def _sha256(folder: Path) -> str | None:
    try:
        return Record.from_json((folder / RECORD).read_bytes()).sha256
    except (OSError, ValueError):
        return None


def _finish_delete(store: Store, image_id: str, folder: Path) -> None:
    store.forget(image_id, _sha256(folder))


def _drop_draft(store: Store, image_id: str, folder: Path) -> None:
    sha256 = _sha256(folder)
    if sha256 is None:
        store.forget(image_id, None)
        return
    with locked(store.layout.hash_lock(sha256), wait=LOCK_WAIT):
        if folder.exists():
            store.forget(image_id, sha256)


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
            return store.get(image_id).state is State.FAILED
        except ImageNotFound:
            return False
    return True
