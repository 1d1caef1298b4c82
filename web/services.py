"""What request handlers call to change images. No handler calls another handler."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import cast

import structlog
from flask import current_app

from pipeline import span_attributes
from pipeline.errors import (
    GalleryError,
    ImageNotFound,
    MadeByNewerRelease,
    NoRoomToRetry,
    NotRestorable,
    NotRetryable,
    UnusableRecord,
    VolumeFull,
)
from pipeline.queue.connection import QueueUnavailable
from pipeline.queue.events import EventPublisher
from pipeline.queue.image_queues import QUEUE, VIEWS, ImageQueues
from pipeline.records import Record, State
from pipeline.settings import Settings
from pipeline.store import Accepted, IncomingUpload, Store
from pipeline.tracing import Tracer
from web import counters
from web.index import Index

MOST_AT_ONCE = 1000
"""How many images one request may name or change."""

_CALL_SECONDS = 10.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retried:
    """How many failed images are tried again, and how many are left for another call."""

    retried: int
    left: int


@dataclass(frozen=True, slots=True)
class Emptied:
    """How many images were permanently removed from the trash, and how many are left for another call."""

    deleted: int
    left: int


@dataclass(frozen=True, slots=True)
class Services:
    """The business steps over store, queue and events, built by `create_app`."""

    settings: Settings
    store: Store
    queue: ImageQueues
    events: EventPublisher
    index: Index
    tracer: Tracer

    def receive(self, upload: IncomingUpload, name: str) -> Accepted:
        """Accept an upload and enqueue its job; if Redis fails, the outbox keeps the image for the sweep."""
        since = self.index.since()
        with self.tracer.span("accept"):
            accepted = self.store.accept(upload, name, self.tracer.traceparent)
            self.tracer.note(span_attributes.of_record(accepted.record))
        record = accepted.record
        if accepted.new:
            self.index.write(since, {record.id: record})
        else:
            self.index.refresh([record.id])
        counters.UPLOADS.labels("accepted" if accepted.new else "duplicate", record.format).inc()
        _log.info("accepted" if accepted.new else "here already", image=record.id, bytes=record.bytes)
        if accepted.restored:
            _log.info("restored by an upload of the same bytes", image=record.id)
        if accepted.new:
            counters.UPLOAD_BYTES.inc(record.bytes)
        if accepted.pending:
            if not accepted.new and not accepted.restored:
                _log.warning("original restored from an upload of the same bytes", image=record.id)
            self.enqueue(record)
        elif accepted.restored:
            self.events.changed(record)
        return accepted

    def enqueue(self, record: Record) -> None:
        """Publish the change of a pending image and enqueue it, behind all first pictures if it has its grid.

        In this order: a fast worker publishes its result at once, and the older event must not follow it.
        """
        queue, enqueue = (
            (VIEWS, self.queue.enqueue_view) if "grid" in record.renditions else (QUEUE, self.queue.enqueue)
        )
        self.events.changed(record)
        try:
            with self.tracer.span(f"enqueue {queue}", kind="producer", attributes=span_attributes.of_record(record)):
                enqueue(record.id)
        except QueueUnavailable as error:
            _log.warning("not enqueued, the sweep will", image=record.id, error=str(error))

    def delete(self, image_id: str) -> None:
        """Put an image into the trash, and remove its jobs if Redis answers; raises `ImageNotFound`."""
        since = self.index.since()
        try:
            self.store.delete(image_id)
        except GalleryError:
            self.index.refresh([image_id])
            raise
        self.index.write(since, {image_id: None})
        try:
            self.queue.remove(image_id)
        except QueueUnavailable:
            self.events.missed()
            return
        self.events.deleted(image_id)

    def delete_many(self, image_ids: Iterable[str]) -> int:
        """Delete those of the images that exist; returns how many."""
        deleted = 0
        for image_id in image_ids:
            try:
                self.delete(image_id)
            except (ImageNotFound, UnusableRecord):
                continue
            deleted += 1
        return deleted

    def restore(self, image_id: str) -> Record:
        """Bring an image back from the trash, and its job if it waited; raises `ImageNotFound`, `NotRestorable`."""
        record = self.store.restore(image_id)
        self.index.refresh([image_id])
        _log.info("restored", image=image_id)
        if record.state is State.PENDING:
            self.enqueue(record)
        else:
            self.events.changed(record)
        return record

    def restore_many(self, image_ids: Iterable[str]) -> int:
        """Bring back those of the images that are in the trash; returns how many."""
        restored = 0
        for image_id in image_ids:
            try:
                self.restore(image_id)
            except (ImageNotFound, NotRestorable, UnusableRecord):
                continue
            restored += 1
        return restored

    def purge(self, image_id: str) -> None:
        """Permanently remove an image in the trash; raises `ImageNotFound`."""
        self.store.purge(image_id)
        _log.info("removed from the trash", image=image_id)

    def empty_trash(self) -> Emptied:
        """Permanently remove what is in the trash, for some ten seconds."""
        deleted, end, ids = 0, time.monotonic() + _CALL_SECONDS, self.store.trashed_ids()
        for number, image_id in enumerate(ids):
            if time.monotonic() > end:
                return Emptied(deleted, len(ids) - number)
            try:
                self.purge(image_id)
            except (ImageNotFound, UnusableRecord):
                continue
            deleted += 1
        return Emptied(deleted, 0)

    def retry(self, image_id: str) -> Record:
        """Try a failed image again; raises `NotRetryable`."""
        try:
            with self._new_trace(image_id):
                record = self.store.retry(image_id, self.tracer.traceparent)
                self.index.refresh([image_id])
                self.enqueue(record)
        except VolumeFull as error:
            raise NoRoomToRetry from error
        return record

    def _new_trace(self, image_id: str) -> AbstractContextManager[object]:
        """A retry is a trace of its own, with a link to that of the failure, if it is known."""
        links = (self.store.failed_trace(image_id),) if self.tracer.is_on else ()
        return self.tracer.root("retry", links=links, attributes=span_attributes.of_id(image_id))

    def retry_many(self, image_ids: Sequence[str]) -> Retried:
        """Try again those of the images that have failed: at most `MOST_AT_ONCE`, and for some ten seconds.

        Skips an image that cannot be retried. Raises if the volume fails.
        """
        retried, end = 0, time.monotonic() + _CALL_SECONDS
        for number, image_id in enumerate(image_ids):
            if retried == MOST_AT_ONCE or time.monotonic() > end:
                return Retried(retried, len(image_ids) - number)
            try:
                self.retry(image_id)
            except (ImageNotFound, NotRetryable, MadeByNewerRelease, UnusableRecord):
                continue
            retried += 1
        return Retried(retried, 0)


def services() -> Services:
    """The services of the running app."""
    return cast(Services, current_app.extensions["gallery"])
