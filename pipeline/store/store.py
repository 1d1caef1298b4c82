"""The store: accept, find, list, retry and delete images on the volume."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from pipeline.errors import ImageNotFound, MadeByNewerRelease, NotRetryable, VolumeUnavailable, volume_error
from pipeline.ids import is_id, new_id
from pipeline.images.formats import Limits
from pipeline.records import Record, State
from pipeline.settings import Settings
from pipeline.store.attempts import Attempt, NothingToDo, begin, with_progress
from pipeline.store.days import touch
from pipeline.store.incoming import IncomingUpload
from pipeline.store.intake import LOCK_WAIT, claimants, describe, flush_place, publish, settle
from pipeline.store.listing import newest_first, oldest_first
from pipeline.volume.files import flush_folder, flush_standing, replace_whole, still_linked
from pipeline.volume.layout import Layout
from pipeline.volume.locks import Busy, acquire, locked
from pipeline.volume.space import Space, space

_RETRY_WAIT = 5.0
_OLDEST = 1000


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an upload: the record, and whether it is new or these bytes were here already."""

    record: Record
    new: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the id to continue from, or None at the end."""

    records: list[Record]
    next: str | None


class Store:
    """Images on the volume of `settings.data`. Safe to use from many processes at once.

    `step` is called with a name between any two steps that a crash may come between; it is there for the
    tests that kill a process at each of them.
    """

    def __init__(self, settings: Settings, step: Callable[[str], None] = lambda name: None) -> None:
        self.layout = Layout(settings.data)
        self._outstanding: Mapping[State | None, Path] = {
            State.PENDING: self.layout.pending,
            State.FAILED: self.layout.failed,
        }
        self.step = step
        self._settings = settings

    def prepare(self) -> None:
        """Make the folders of the volume; done once, when a process starts."""
        for name in self.layout.FOLDERS:
            (self.layout.root / name).mkdir(parents=True, exist_ok=True)

    # Uploading

    def draft(self, expected: int = 0) -> IncomingUpload:
        """A new file to write an upload into; `expected` is its size in bytes where it is known."""
        image_id = new_id()
        settings = self._settings
        return IncomingUpload(
            image_id,
            self.layout.draft(image_id),
            limit=settings.max_upload_bytes,
            reserve=settings.reserve_bytes,
            expected=expected,
        )

    def accept(self, draft: IncomingUpload, name: str) -> Accepted:
        """Make an image of a draft, or find the one that holds these bytes already.

        When this returns, the image survives any crash. Raises a named error where the bytes are no picture
        we accept or the volume fails; the draft is gone then, and nothing of it stays.
        """
        settings = self._settings
        limits = Limits(megapixels=settings.max_megapixels)
        try:
            record = describe(draft.file, draft.id, name=name, size=draft.size, sha256=draft.sha256, limits=limits)
            settle(self, draft, record)
            standing = publish(self, draft, record)
        except OSError as error:
            raise volume_error(error) from error
        except Busy as busy:
            raise VolumeUnavailable("another upload holds the lock") from busy
        else:
            return Accepted(standing or record, new=standing is None)
        finally:
            draft.discard()

    # Reading

    def get(self, image_id: str) -> Record:
        """The record of an image; while it is pending, with the attempts begun so far.

        Raises `ImageNotFound`, also for what is no id; `VolumeUnavailable` where it cannot be read.
        """
        record = self._read(image_id)
        if record.state is not State.PENDING:
            return record
        try:
            return with_progress(record, self.layout.marker(image_id).read_bytes())
        except FileNotFoundError:
            return self._read(image_id)  # it came to its end between the two
        except OSError:
            return record

    def _read(self, image_id: str) -> Record:
        """What the record itself says."""
        if not is_id(image_id):
            raise ImageNotFound(image_id)
        try:
            return Record.from_json(self.layout.record(image_id).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            if not self.layout.images.exists():
                raise VolumeUnavailable("the volume is not there") from None
            raise ImageNotFound(image_id) from None
        except OSError as error:
            raise volume_error(error) from error
        except ValueError as error:
            raise VolumeUnavailable(f"the record of {image_id} is damaged") from error

    def find_by_hash(self, sha256: str) -> Record | None:
        """The image that holds the bytes with this hash (in hex), if there is one."""
        try:
            for image_id in claimants(self.layout, sha256):
                with suppress(ImageNotFound):
                    record = self.get(image_id)
                    flush_place(self, image_id)  # who is told of it may drop what they have
                    return record
        except OSError as error:
            raise volume_error(error) from error
        return None

    def page(self, before: str | None = None, limit: int = 60, state: State | None = None) -> Page:
        """Up to `limit` records older than the id `before`, newest first."""
        return self._page(self._ids(before, state), limit, state)

    def page_after(self, after: str, before: str | None = None, limit: int = 60, state: State | None = None) -> Page:
        """Up to `limit` records newer than the id `after`, and older than `before`, oldest first."""
        ids = self._ids_after(after, state)
        if before is not None:
            ids = takewhile(lambda image_id: image_id < before, ids)
        return self._page(ids, limit, state)

    def _page(self, ids: Iterator[str], limit: int, state: State | None = None) -> Page:
        records: list[Record] = []
        for image_id in ids:
            try:
                record = self.get(image_id)
            except (ImageNotFound, VolumeUnavailable):
                continue
            if state is not None and record.state is not state:
                continue
            if len(records) == limit:
                return Page(records, records[-1].id)
            records.append(record)
        return Page(records, None)

    def ids(self) -> Iterator[str]:
        """The ids of all images, newest first; no record is read."""
        return self._ids(None, None)

    def _ids(self, before: str | None, state: State | None) -> Iterator[str]:
        try:
            if state in self._outstanding:
                names = reversed(_marked(self._outstanding[state]))
                yield from (name for name in names if before is None or name < before)
            else:
                yield from newest_first(self.layout.images, before)
        except OSError as error:
            raise volume_error(error) from error

    def _ids_after(self, after: str, state: State | None) -> Iterator[str]:
        try:
            if state in self._outstanding:
                yield from (name for name in _marked(self._outstanding[state]) if name > after)
            else:
                yield from oldest_first(self.layout.images, after)
        except OSError as error:
            raise volume_error(error) from error

    def pending(self) -> list[str]:
        """The ids in the outbox, oldest first."""
        return _marked(self.layout.pending)

    def oldest_pending_age(self) -> float:
        """Seconds since anything last happened to the most neglected image in the outbox: accepted, begun, retried.

        Looks at the oldest thousand.
        """
        longest = 0.0
        for image_id in self.pending()[:_OLDEST]:
            with suppress(OSError):
                longest = max(longest, time.time() - self.layout.marker(image_id).stat().st_mtime)
        return longest

    def failed(self) -> list[str]:
        """The ids that are marked as failed, oldest first."""
        return _marked(self.layout.failed)

    def original(self, record: Record) -> Path:
        """Where the original lies."""
        return self.layout.image(record.id) / record.original

    def space(self) -> Space:
        """The room on the volume; raises `VolumeUnavailable`."""
        try:
            if not self.layout.images.is_dir():
                raise VolumeUnavailable("the volume is not there")
            return space(self.layout.root)
        except OSError as error:
            raise volume_error(error) from error

    # Working

    @contextmanager
    def attempt(self, image_id: str, *, worker: str, queued_at: str | None = None) -> Iterator[Attempt]:
        """Begin an attempt at a pending image: exclusive, and counted on disk before it begins.

        Raises `NothingToDo` where there is nothing to do. An attempt that is neither finished, failed nor
        rolled back stays counted.
        """
        try:
            marker = os.open(self.layout.marker(image_id), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NothingToDo from None
        try:
            yield begin(self, image_id, marker, worker=worker, queued_at=queued_at)
        finally:
            os.close(marker)

    def note_failure(self, image_id: str) -> None:
        """Put the image among the failed ones, before its record says so."""
        self.layout.failure(image_id).touch()
        flush_folder(self.layout.failed)

    def forget_failure(self, image_id: str) -> bool:
        """Take an image off the list of the failed, unless it failed at this moment; whether it was taken off."""
        self.layout.failure(image_id).unlink(missing_ok=True)
        try:
            record = self.get(image_id)
            failed = record.state is State.FAILED or record.is_newer
        except ImageNotFound:
            failed = False
        if failed:
            self.note_failure(image_id)
        return not failed

    def leave_outbox(self, image_id: str, *, failed: bool) -> None:
        """The image has reached its end."""
        if not failed:
            self.layout.failure(image_id).unlink(missing_ok=True)
        self.layout.marker(image_id).unlink(missing_ok=True)

    def retry(self, image_id: str) -> Record:
        """Put a failed image back into the outbox, its attempts forgotten.

        Raises `NotRetryable`, or `MadeByNewerRelease`.
        """
        return self._into_outbox(image_id, State.FAILED)

    def render_anew(self, image_id: str) -> Record:
        """Put a ready image whose renditions were lost back into the outbox; raises as `retry`."""
        return self._into_outbox(image_id, State.READY)

    def _into_outbox(self, image_id: str, wanted: State) -> Record:
        record = self.get(image_id)
        try:
            while True:
                if record.is_newer:
                    raise MadeByNewerRelease
                if record.state is not wanted:
                    raise NotRetryable(record.state)
                with self.marker(image_id) as marker:
                    if marker is not None:
                        return self._reopen(image_id, marker, wanted)
                record = self.get(image_id)
        except OSError as error:
            raise volume_error(error) from error
        except Busy as busy:
            raise NotRetryable(State.PENDING) from busy

    @contextmanager
    def marker(self, image_id: str) -> Iterator[int | None]:
        """Hold the lock on an image's marker, made if absent; None where it was removed meanwhile.

        Raises `Busy` where a worker is at the image.
        """
        marker = os.open(self.layout.marker(image_id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            acquire(marker, wait=_RETRY_WAIT)
            yield marker if still_linked(marker, self.layout.marker(image_id)) else None
        finally:
            os.close(marker)

    def _reopen(self, image_id: str, marker: int, wanted: State) -> Record:
        try:
            record = self.get(image_id)
        except ImageNotFound:
            self.layout.marker(image_id).unlink(missing_ok=True)
            raise
        if record.is_newer:
            raise MadeByNewerRelease
        if record.state is not wanted:
            raise NotRetryable(record.state)
        os.ftruncate(marker, 0)
        os.fsync(marker)
        flush_folder(self.layout.pending)
        self.step("retry:before-record")
        record = record.with_(
            state=State.PENDING, reason=None, attempts=0, started_at=None, finished_at=None, renditions={}
        )
        replace_whole(self.layout.record(image_id), record.to_json())
        self.layout.failure(image_id).unlink(missing_ok=True)
        return record

    # Deleting

    def delete(self, image_id: str) -> None:
        """Remove an image whole, also while a worker is at it; raises `ImageNotFound`."""
        record = self.get(image_id)
        layout = self.layout
        try:
            with locked(layout.hash_lock(record.sha256), wait=LOCK_WAIT):
                self.step("delete:before-rename")
                try:
                    layout.image(image_id).rename(layout.leaving(image_id))
                except FileNotFoundError:
                    raise ImageNotFound(image_id) from None
                self.step("delete:renamed")
                flush_standing(layout.bucket(image_id))
                self.step("delete:after-rename")
                touch(layout.bucket(image_id).parent)
                layout.claim(record.sha256, image_id).unlink(missing_ok=True)
            self.step("delete:before-markers")
            self.forget(image_id, record.sha256)
            self.drop_empty(image_id)
        except OSError as error:
            raise volume_error(error) from error
        except Busy as busy:
            raise VolumeUnavailable("an upload holds the lock") from busy

    def drop_empty(self, image_id: str) -> None:
        """Remove the folders of an image's minute and day where they hold nothing any more."""
        bucket = self.layout.bucket(image_id)
        for folder in (bucket, bucket.parent):
            with suppress(OSError):
                folder.rmdir()

    def forget(self, image_id: str, sha256: str | None) -> None:
        """Remove what is left of an image that is no longer listed: claim, markers, folder."""
        layout = self.layout
        if sha256 is not None:
            layout.claim(sha256, image_id).unlink(missing_ok=True)
        layout.marker(image_id).unlink(missing_ok=True)
        layout.failure(image_id).unlink(missing_ok=True)
        self.step("delete:before-folder")
        for folder in (layout.leaving(image_id), layout.draft(image_id)):
            shutil.rmtree(folder, ignore_errors=True)


def _marked(folder: Path) -> list[str]:
    """The ids that have a marker in `folder`, oldest first."""
    try:
        return sorted(filter(is_id, os.listdir(folder)))
    except OSError as error:
        raise volume_error(error) from error
