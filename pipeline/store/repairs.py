"""What mends a volume: each function returns the step to take, which may run beside live services."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipeline.errors import ImageNotFound, NotRetryable
from pipeline.records import Record, State
from pipeline.store import duplicates, outbox
from pipeline.store.cleanup import cleanup
from pipeline.store.intake import describe
from pipeline.store.store import Store
from pipeline.volume.files import flush_folder, replace_whole

Step = Callable[[], None]


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
        cleanup(store.volume)

    return step


def drop_claim(store: Store, sha256: str) -> Step:
    """Drop the claim on these bytes if its image is not there."""

    def step() -> None:
        with duplicates.holding_lock(store.volume, sha256):
            duplicates.holder(store.volume, sha256)

    return step


def drop_failure(store: Store, image_id: str) -> Step:
    """Take an image off the list of the failed, unless it failed meanwhile."""

    def step() -> None:
        outbox.forget_failure(store.volume, image_id)

    return step


def mark(store: Store, image_id: str) -> Step:
    """Put an image that waits into the outbox: the sweep enqueues it."""

    def step() -> None:
        outbox.make_marker(store.volume, image_id)
        flush_folder(store.layout.pending)

    return step


def unmark(store: Store, image_id: str) -> Step:
    """Take an image that reached its end out of the outbox."""

    def step() -> None:
        with outbox.marker(store.volume, image_id), suppress(ImageNotFound):
            if store.get(image_id).state is not State.PENDING:
                outbox.leave(store.volume, image_id)

    return step


def render_anew(store: Store, image_id: str) -> Step:
    """Put a ready image whose renditions are broken back into the outbox."""

    def step() -> None:
        with suppress(NotRetryable, ImageNotFound):
            store.render_anew(image_id)

    return step


def note_failure(store: Store, image_id: str) -> Step:
    """List a failed image among the failed."""
    return lambda: outbox.note_failure(store.volume, image_id)


def claim(store: Store, record: Record) -> Step:
    """Claim an image's bytes for it, unless another image has them."""

    def step() -> None:
        volume = store.volume
        with duplicates.holding_lock(volume, record.sha256):
            if volume.is_there(record.id) and duplicates.holder(volume, record.sha256) is None:
                for folder in duplicates.claim(volume, record.sha256, record.id):
                    flush_folder(folder)

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
