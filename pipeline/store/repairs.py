"""What repairs the markers, claims and leftovers of a volume: each function returns a step that may run beside live
services and looks again before it changes anything."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipeline.errors import ImageNotFound, NotRetryable
from pipeline.records import Record, State
from pipeline.store import cleanup, deletion, duplicates, failure_marks, former, outbox, reading, trash
from pipeline.store.checks.disk import read_record, sha256
from pipeline.store.renditions import intact
from pipeline.volume.files import flush_folder, replace_whole
from pipeline.volume.layout import RECORD
from pipeline.volume.locks import acquire
from pipeline.volume.volume import Volume

Step = Callable[[], None]


def remove_file(path: Path) -> Step:
    """Remove a temporary file."""
    return lambda: path.unlink(missing_ok=True)


def remove_empty(volume: Volume, folder: Path) -> Step:
    """Remove a folder of a day or minute that holds nothing, and its day if that is empty then."""

    def step() -> None:
        with suppress(OSError):
            folder.rmdir()
            if folder.parent != volume.layout.images:
                folder.parent.rmdir()

    return step


def remove_folder(path: Path) -> Step:
    """Remove a folder from the place of a file; fails unless it is empty."""
    return path.rmdir


def finish_delete(volume: Volume, image_id: str) -> Step:
    """Do what the delete had still to do."""
    return lambda: deletion.finish(volume, image_id)


def drop_upload(volume: Volume, folder: Path) -> Step:
    """Remove an upload that was never accepted, if its process has ended."""

    def step() -> None:
        if cleanup.is_abandoned(volume, folder.name):
            deletion.drop_upload(volume, folder, folder.name.partition(".")[0])

    return step


def drop_orphan(volume: Volume, marker: Path) -> Step:
    """Remove a marker in `pending` or `failed`, unless its image is there or is just being accepted."""

    def step() -> None:
        if marker.parent == volume.layout.pending:
            cleanup.drop_orphan(volume, marker.name)
        else:
            failure_marks.forget_failure(volume, marker.name)

    return step


def mark(volume: Volume, image_id: str) -> Step:
    """Put an image that waits into the outbox: the sweep enqueues it."""

    def step() -> None:
        outbox.make_marker(volume, image_id)
        flush_folder(volume.layout.pending)

    return step


def unmark(volume: Volume, image_id: str) -> Step:
    """Take an image that reached its end out of the outbox."""

    def step() -> None:
        with outbox.lock_marker(volume, image_id), suppress(ImageNotFound):
            record = reading.read(volume, image_id)
            if record.state is not State.PENDING and not record.is_newer:
                outbox.remove(volume, image_id)

    return step


def render_anew(volume: Volume, image_id: str) -> Step:
    """Put a ready image whose renditions are broken back into the outbox."""

    def step() -> None:
        with suppress(NotRetryable, ImageNotFound):
            outbox.retry(volume, image_id, (State.READY,))

    return step


def drop_broken_renditions(volume: Volume, image_id: str) -> Step:
    """Take from the record of a failed image the renditions that are not what it says."""

    def step() -> None:
        with outbox.lock_marker(volume, image_id), suppress(ImageNotFound):
            record = reading.read(volume, image_id)
            if record.state is State.FAILED and not record.is_newer:
                right = record.with_(renditions=intact(volume, record))
                replace_whole(volume.layout.record(image_id), right.to_json())
                outbox.remove(volume, image_id)

    return step


def remove_former(volume: Volume, image_id: str, original: Path) -> Step:
    """Remove the renditions of an image that its record does not name, unless it is being made again."""

    def step() -> None:
        descriptor = os.open(original, os.O_RDWR | os.O_CLOEXEC)
        try:
            acquire(descriptor, wait=0)
            former.clear(volume, image_id)
        finally:
            os.close(descriptor)

    return step


def note_failure(volume: Volume, image_id: str) -> Step:
    """List a failed image among the failed."""
    return lambda: failure_marks.note_failure(volume, image_id)


def drop_failure(volume: Volume, image_id: str) -> Step:
    """Take an image off the list of the failed, unless it failed meanwhile."""

    def step() -> None:
        failure_marks.forget_failure(volume, image_id)

    return step


def claim(volume: Volume, record: Record) -> Step:
    """Claim an image's bytes for it, unless another image has them."""

    def step() -> None:
        with duplicates.holding_lock(volume, record.sha256):
            kept = volume.is_there(record.id) or volume.is_trashed(record.id)
            if kept and duplicates.holder(volume, record.sha256) is None:
                for folder in duplicates.claim(volume, record.sha256, record.id):
                    flush_folder(folder)

    return step


def drop_orphan_claim(volume: Volume, digest: str) -> Step:
    """Drop the claim on these bytes unless its image is there, or is about to be."""

    def step() -> None:
        with duplicates.holding_lock(volume, digest):
            duplicates.holder(volume, digest)

    return step


def drop_wrong_claim(volume: Volume, digest: str, image_id: str) -> Step:
    """Drop a claim on bytes that its image does not hold; fails while the image's own bytes are in doubt."""

    def step() -> None:
        folder = volume.layout.image(image_id)
        with duplicates.holding_lock(volume, digest):
            record = read_record(folder / RECORD)
            if record.sha256 != digest:
                if sha256(folder / record.original) != record.sha256:
                    raise OSError(f"the original of {image_id} is not what its record says")
                duplicates.drop(volume, digest, image_id)

    return step


def drop_trashed_copy(volume: Volume, record: Record) -> Step:
    """Remove an image from the trash; fails unless the gallery holds the same bytes under the same id."""

    def step() -> None:
        if not duplicates.has_bytes(volume.layout.image(record.id) / record.original, record):
            raise OSError(f"the original of {record.id} in the gallery is not the one in the trash")
        trash.purge(volume, record.id)

    return step
