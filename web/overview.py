"""The state of the whole pipeline, read at most once a second per process, however many people watch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from flask import Flask, current_app

from pipeline.errors import TITLES, GalleryError, VolumeUnavailable
from pipeline.queue import sweeps
from pipeline.queue.connection import HeldByAnother, QueueUnavailable
from pipeline.queue.jobs import QueueStatus
from pipeline.queue.sweeps import SweepReport
from pipeline.queue.watch import Watched, watch
from pipeline.records import Record
from pipeline.store import Store
from pipeline.store.outbox import Waiting
from pipeline.store.trash_size import Size
from pipeline.volume.space import Space
from web.services import Services

MOST_FAILURES = 200
"""How many of the newest failures are read to group them by reason."""

_OVERVIEW_SECONDS = 1.0
_FAILURES_SECONDS = 5.0
T = TypeVar("T")
_AWAY = "Redis does not answer: uploads are accepted, thumbnails wait"


@dataclass(slots=True)
class Failures:
    """The failed images with one reason, newest first."""

    code: str
    title: str
    images: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class Overview:
    """The whole pipeline at one moment. Fields from the volume or from Redis are None while that is away, and an error
    says why.

    `in_hand` holds the records of images that workers are processing, by id; those deleted meanwhile are missing.
    """

    reserve: int
    waiting: Waiting | None = None
    space: Space | None = None
    trash: Size | None = None
    failed: int = 0
    failures: list[Failures] = field(default_factory=list)
    volume_error: str | None = None
    queue: QueueStatus | None = None
    views: QueueStatus | None = None
    watched: Watched | None = None
    sweeps: list[SweepReport] = field(default_factory=list)
    in_hand: dict[str, Record] = field(default_factory=dict)
    queue_error: str | None = None


class TimedCache(Generic[T]):
    """A value cached for `seconds`. One thread reads it again, while the others wait."""

    def __init__(self, read: Callable[[], T], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until = 0.0
        self._value: T | None = None

    def get(self) -> T:
        """The value; raises what reading it raises."""
        with self._lock:
            if self._value is None or time.monotonic() > self._until:
                self._value = self._read()
                self._until = time.monotonic() + self._seconds
            return self._value

    def drop(self) -> None:
        """Make the next `get` read it again."""
        with self._lock:
            self._value = None


class Overviews:
    """Reads overviews for one process of web."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._failures = TimedCache(lambda: failures(services.store), _FAILURES_SECONDS)
        self._kept = TimedCache(self._read, _OVERVIEW_SECONDS)

    def get(self) -> Overview:
        """The overview, at most a second old, failures by reason at most six."""
        return self._kept.get()

    def drop(self) -> None:
        """Discard the cached overview after a change."""
        self._failures.drop()
        self._kept.drop()

    def _read(self) -> Overview:
        overview = Overview(self._services.settings.reserve_bytes)
        self._read_volume(overview)
        self._read_queues(overview)
        return overview

    def _read_volume(self, overview: Overview) -> None:
        store = self._services.store
        try:
            overview.space, overview.waiting, overview.failed = store.space(), store.waiting(), len(store.failed())
            overview.trash = store.trash_size()
            overview.failures = self._failures.get() if overview.failed else []
        except VolumeUnavailable as error:
            overview.volume_error = str(error)

    def _read_queues(self, overview: Overview) -> None:
        queue = self._services.queue
        try:
            overview.queue, overview.views = queue.status(), queue.views_status()
            overview.watched, overview.sweeps = watch(queue), sweeps.recent(queue)
        except QueueUnavailable as error:
            overview.queue_error = str(error) if isinstance(error, HeldByAnother) else _AWAY
            return
        ids = [worker.image_id for worker in overview.watched.workers if worker.image_id]
        overview.in_hand = _records(self._services.store, ids)


def failures(store: Store) -> list[Failures]:
    """The newest failed images by reason, the most frequent first."""
    groups: dict[str, Failures] = {}
    newest = store.failed()[: -MOST_FAILURES - 1 : -1]
    for record in _records(store, newest).values():
        if record.reason:
            code = record.reason.code
            groups.setdefault(code, Failures(code, TITLES.get(code, code))).images.append(record)
    return sorted(groups.values(), key=lambda group: -len(group.images))


def _records(store: Store, image_ids: Iterable[str]) -> dict[str, Record]:
    """The records that can be read, in this order."""
    found = {}
    for image_id in image_ids:
        try:
            found[image_id] = store.get(image_id)
        except GalleryError:
            continue
    return found


def register(app: Flask) -> None:
    """Make `overviews()` known to the app."""
    app.extensions["overviews"] = Overviews(cast(Services, app.extensions["gallery"]))


def overviews() -> Overviews:
    """The overviews of the running app."""
    return cast(Overviews, current_app.extensions["overviews"])
