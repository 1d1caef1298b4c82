"""The sweep: every marker in the outbox gets a live job, whatever became of Redis or of workers: one for its view if
its grid is there, one for both if not."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict

import structlog

from pipeline.errors import GalleryError
from pipeline.queue import sweeps
from pipeline.queue.connection import QueueUnavailable
from pipeline.queue.image_queues import ImageQueues, JobState
from pipeline.store import Store
from pipeline.store.cleanup import cleanup, tolerated
from pipeline.store.duplicates import adopt_former
from pipeline.store.outdated_failures import OutdatedFailures
from pipeline.threads import keep_running
from pipeline.volume.locks import Busy, locked
from worker import metrics

_SUSPECT_SECONDS = 5.0
_DAYS_SECONDS = 0.5
_log = structlog.get_logger()


class Sweep:
    """Sweeps at once and then every `interval` seconds, if no other worker does."""

    def __init__(self, store: Store, queue: ImageQueues, interval: float, worker: str = "") -> None:
        self._store = store
        self._queue = queue
        self._interval = interval
        self._worker = worker
        self._failures = OutdatedFailures(store.volume)
        self.found: dict[str, int] = {}
        self._suspects: dict[str, float] = {}
        self._stopped = threading.Event()

    def start(self) -> threading.Thread:
        """Sweep until `stop`, in a thread of its own; a failing volume or Redis is logged and tried again."""
        return keep_running("sweep", self._run)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._sweep_alone()
            except (QueueUnavailable, GalleryError, OSError) as error:
                _log.warning("sweep put off", error=str(error))
            soon = min(self._interval, _SUSPECT_SECONDS) if self._suspects else self._interval
            self._stopped.wait(soon)

    def _sweep_alone(self) -> None:
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._store.layout.sweep_lock, wait=0))
            except Busy:
                return  # another worker is sweeping
            began = time.monotonic()
            self.sweep()
            with suppress(QueueUnavailable):
                sweeps.report(self._queue, time.monotonic() - began, self._worker, self.found)
            self._write_days()

    def stop(self) -> None:
        """Let the thread end."""
        self._stopped.set()

    def sweep(self) -> int:
        """One sweep; the number of images that were enqueued again."""
        if adopted := adopt_former(self._store.volume):
            _log.info("claims of release 0.1 changed into today's", claims=adopted)
        found = cleanup(self._store.volume, self._failures)
        for kind, number in asdict(found).items():
            metrics.FINDINGS.labels(kind).inc(number)
        pending = self._store.pending()
        states = self._queue.job_states(pending) if pending else {}
        arriving = {name.partition(".")[0] for name in self._store.volume.arriving()} if states else set()
        moment, suspects, count = time.monotonic(), {}, 0
        for image_id, state in states.items():
            if state is JobState.WAITING or image_id in arriving or self._needs_no_job(image_id):
                continue
            # a job that has just left the queue may be about to lock its image: look twice
            since = self._suspects.get(image_id, moment)
            if state is JobState.UNKNOWN and moment - since < _SUSPECT_SECONDS * 0.9:
                suspects[image_id] = since
                continue
            if self._store.has_grid(image_id):
                self._queue.replace_view(image_id)
            else:
                self._queue.replace(image_id)
            count += 1
        self._suspects = suspects
        metrics.FINDINGS.labels("enqueued").inc(count)
        metrics.SWEEPS.inc()
        if count:
            _log.info("enqueued anew", images=count)
        self.found = {**asdict(found), "enqueued": count, "expired": self._empty_trash()}
        return count

    def _empty_trash(self) -> int:
        if expired := self._store.expire_trash():
            metrics.FINDINGS.labels("expired").inc(expired)
            _log.info("removed from the trash", images=expired)
        return expired

    def _write_days(self) -> None:
        """Go on with the files of days, unless an image waits."""
        if not self._store.pending() and (days := self._store.write_days(_DAYS_SECONDS)):
            _log.info("records of days written into one file each", days=days)

    def _needs_no_job(self, image_id: str) -> bool:
        """Whether a worker has the image or has just ended it. Also if its marker cannot be read: the next sweep asks
        again."""
        marker = self._store.layout.marker(image_id)
        with tolerated(marker):
            return self._store.volume.image_locks.is_held(image_id) or not marker.is_file()
        return True
