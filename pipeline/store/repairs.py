"""What mends a volume: each function returns the step to take, which may run beside live services."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipeline.errors import ImageNotFound, NotRetryable
from pipeline.records import Record, State
from pipeline.store.cleanup import cleanup
from pipeline.store.intake import LOCK_WAIT, describe
from pipeline.store.store import Store
from pipeline.volume.files import flush_folder, replace_whole
from pipeline.volume.locks import locked

Step = Callable[[], None]
_GRACE_SECONDS = 1.0


def remove(path: Path) -> Step:
    """Remove a file that should not be there."""
    return lambda: path.unlink(missing_ok=True)


def remove_folder(store: Store, folder: Path) -> Step:
    """Remove a folder of a day or minute that holds nothing, and its day if that is empty then."""

    def step() -> None:
        with suppress(OSError):
            folder.rmdir()
            if folder.parent != store.layout.images:
                folder.parent.rmdir()

    return step


def tidy_up(store: Store) -> Step:
    """What the sweep does, at once."""

    def step() -> None:
        cleanup(store, grace=_GRACE_SECONDS)

    return step


def drop_claim(store: Store, sha256: str, image_id: str) -> Step:
    """Drop a claim unless its image came to be, or is about to."""
    layout = store.layout

    def step() -> None:
        with locked(layout.hash_lock(sha256), wait=LOCK_WAIT):
            if not layout.draft(image_id).exists() and not layout.image(image_id).exists():
                layout.claim(sha256, image_id).unlink(missing_ok=True)

    return step


def drop_failure(store: Store, image_id: str) -> Step:
    """Take an image off the list of the failed, unless it failed meanwhile."""

    def step() -> None:
        store.forget_failure(image_id)

    return step


def mark(store: Store, image_id: str) -> Step:
    """Put an image that waits into the outbox: the sweep enqueues it."""

    def step() -> None:
        store.layout.marker(image_id).touch()
        flush_folder(store.layout.pending)

    return step


def unmark(store: Store, image_id: str) -> Step:
    """Take an image that reached its end out of the outbox."""

    def step() -> None:
        with store.marker(image_id) as marker:
            if marker is None:
                return
            with suppress(ImageNotFound):
                state = store.get(image_id).state
                if state is not State.PENDING:
                    store.leave_outbox(image_id, failed=state is State.FAILED)

    return step


def render_anew(store: Store, image_id: str) -> Step:
    """Put a ready image whose renditions are broken back into the outbox."""

    def step() -> None:
        with suppress(NotRetryable, ImageNotFound):
            store.render_anew(image_id)

    return step


def note_failure(store: Store, image_id: str) -> Step:
    """List a failed image among the failed."""
    return lambda: store.note_failure(image_id)


def claim(store: Store, record: Record) -> Step:
    """Claim an image's bytes for it."""

    def step() -> None:
        path = store.layout.claim(record.sha256, record.id)
        with locked(store.layout.hash_lock(record.sha256), wait=LOCK_WAIT):
            if store.layout.image(record.id).exists():
                path.parent.mkdir(exist_ok=True)
                path.touch()

    return step


def describe_anew(store: Store, image_id: str) -> Step | None:
    """Write a record from the original, where there is one, and have it rendered; the image's name is lost."""
    originals = sorted(store.layout.image(image_id).glob("original.*"))
    if len(originals) != 1:
        return None

    def step() -> None:
        with originals[0].open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            record = describe(file, image_id, name="", size=size, sha256=sha256, limits=None)
        mark(store, image_id)()
        replace_whole(store.layout.record(image_id), record.to_json())
        claim(store, record)()

    return step
