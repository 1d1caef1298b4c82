"""The store: one facade over the modules of this package, each of which keeps one promise about images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.ids import new_id
from pipeline.images.formats import Limits
from pipeline.records import Record, State
from pipeline.settings import Settings
from pipeline.store import (
    acceptance,
    attempts,
    deletion,
    duplicates,
    failure_marks,
    folder_pages,
    outbox,
    reading,
    trash,
)
from pipeline.store.acceptance import Accepted
from pipeline.store.attempt import Attempt
from pipeline.store.day_files import DayFiles
from pipeline.store.expiry import Expiry
from pipeline.store.folder_pages import Page
from pipeline.store.incoming import IncomingUpload
from pipeline.store.outbox import Waiting
from pipeline.store.room import Room
from pipeline.store.trash import Trashed
from pipeline.store.trash_size import Size, TrashSize
from pipeline.volume.layout import Layout
from pipeline.volume.space import Space
from pipeline.volume.volume import Volume


class Store:
    """Images on the volume of `settings.data`. Safe to use from many threads, processes and machines at once.

    Methods raise the named errors of the modules that they delegate to; failures of the volume itself are
    `VolumeFull` and `VolumeUnavailable`.
    """

    def __init__(self, settings: Settings) -> None:
        self.volume = Volume(settings.data)
        self._limit = settings.max_upload_bytes
        self._limits = Limits(megapixels=settings.max_megapixels)
        self._trash_seconds = settings.trash_seconds
        self._trash_size = TrashSize(self.volume)
        self._expiry = Expiry(self.volume, settings.trash_seconds)
        self._day_files = DayFiles(self.volume, settings.reserve_bytes)
        self._room = Room(self.volume, settings.reserve_bytes, self._trash_size)

    @property
    def layout(self) -> Layout:
        """The paths on the volume."""
        return self.volume.layout

    def prepare(self) -> None:
        """Make the folders of the volume; done once, when a process starts."""
        self.volume.prepare()

    def draft(self, expected: int = 0) -> IncomingUpload:
        """A new file to write an upload into; `expected` is its size in bytes, if that is known."""
        return IncomingUpload(
            self.volume, new_id(), limit=self._limit, require_room=self._room.require, expected=expected
        )

    def accept(self, upload: IncomingUpload, name: str, traceparent: str | None = None) -> Accepted:
        """Make an image of an upload, or find the one that has these bytes already: see `acceptance.accept`."""
        accepted = acceptance.accept(self.volume, upload, name, self._limits, traceparent)
        if accepted.pending:
            self._room.taken()
        return accepted

    def get(self, image_id: str) -> Record:
        """The record of an image; while it is pending, with the attempts begun so far: see `reading.get`."""
        return reading.get(self.volume, image_id)

    def find_by_hash(self, sha256: str) -> Record | None:
        """The image that holds the bytes with this hash (in hex), if there is one: see `duplicates.find_by_hash`."""
        return duplicates.find_by_hash(self.volume, sha256)

    def page(self, before: str | None = None, limit: int = 60, state: State | None = None) -> Page:
        """Up to `limit` records older than the id `before`, newest first."""
        return folder_pages.page(self.volume, before, limit, state)

    def page_after(self, after: str, before: str | None = None, limit: int = 60, state: State | None = None) -> Page:
        """Up to `limit` records newer than the id `after`, and older than `before`, oldest first."""
        return folder_pages.page_after(self.volume, after, before, limit, state)

    def ids(self, before: str | None = None, state: State | None = None) -> Iterator[str]:
        """The ids older than `before`, newest first: of all images, or of those in a state by their markers."""
        return folder_pages.ids(self.volume, before, state)

    def ids_after(self, after: str, before: str | None = None, state: State | None = None) -> Iterator[str]:
        """As `ids`, but those newer than `after`, oldest first."""
        return folder_pages.ids_after(self.volume, after, before, state)

    def pending(self) -> list[str]:
        """The ids in the outbox, oldest first."""
        return outbox.pending(self.volume)

    def failed(self) -> list[str]:
        """The ids that are marked as failed, oldest first."""
        return outbox.failed(self.volume)

    def waiting(self) -> Waiting:
        """How many images wait for what, and for how long."""
        return outbox.waiting(self.volume)

    def has_grid(self, image_id: str) -> bool:
        """Whether a pending image has its grid, by its marker's word."""
        return outbox.has_grid(self.volume, image_id)

    def original(self, record: Record) -> Path:
        """Where the original lies."""
        return self.layout.image(record.id) / record.original

    def space(self) -> Space:
        """The room on the volume; raises `VolumeUnavailable`."""
        return self.volume.space()

    def attempt(
        self, image_id: str, *, worker: str, queued_at: str | None = None, grid_only: bool = False
    ) -> AbstractContextManager[Attempt]:
        """Begin an attempt at a pending image; raises `NothingToDo` or `ViewCanWait`: see `attempts.attempt`."""
        return attempts.attempt(self.volume, image_id, worker=worker, queued_at=queued_at, grid_only=grid_only)

    def retry(self, image_id: str, traceparent: str | None = None) -> Record:
        """Put a failed image back into the outbox, its attempts forgotten, its grid kept: see `outbox.retry`."""
        return outbox.retry(self.volume, image_id, traceparent=traceparent)

    def failed_trace(self, image_id: str) -> str | None:
        """The traceparent of what put a failed image into the outbox, if it is known."""
        return failure_marks.failed_trace(self.volume, image_id)

    def render_anew(self, image_id: str) -> Record:
        """Put a ready image whose renditions were lost back into the outbox; raises as `retry`."""
        return outbox.retry(self.volume, image_id, (State.READY,))

    def delete(self, image_id: str) -> None:
        """Put an image into the trash, or remove it if none is kept; raises `ImageNotFound`: see `deletion.delete`."""
        deletion.delete(self.volume, image_id, keep=self._trash_seconds > 0)

    def trashed(self, image_id: str) -> Trashed:
        """An image in the trash; raises `ImageNotFound`."""
        return trash.get(self.volume, image_id)

    def trashed_page(self, before: str | None = None, limit: int = 60) -> tuple[list[Trashed], str | None]:
        """Images in the trash that are older than the id `before`, newest first: see `trash.page`."""
        return trash.page(self.volume, before, limit)

    def trashed_ids(self) -> list[str]:
        """The ids in the trash, newest image first; no record is read."""
        return trash.ids(self.volume)

    def trash_size(self) -> Size:
        """How many images are in the trash, and the bytes of their files."""
        return self._trash_size.measure()

    def restore(self, image_id: str) -> Record:
        """Bring an image back from the trash, as it was: see `trash.restore`."""
        return trash.restore(self.volume, image_id)

    def purge(self, image_id: str) -> None:
        """Permanently remove an image in the trash; raises `ImageNotFound`."""
        trash.purge(self.volume, image_id)

    def expire_trash(self) -> int:
        """Permanently remove what was in the trash for its time, and as much as is needed to keep the reserve free; how
        many images."""
        return self._expiry.remove_due() + self._room.keep_free()

    def write_days(self, seconds: float) -> int:
        """Write the records of days that rest into one file each, for about so many seconds; how many files."""
        return self._day_files.work(seconds)
