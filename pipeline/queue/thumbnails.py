"""The queue: one RQ queue of thumbnails to make. Every key, name and interval of it is stated here only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError
from rq.job import Job, JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from pipeline.queue.connection import Breaker
from pipeline.queue.lease import Lease
from pipeline.queue.safe_job import JOB as JOB
from pipeline.queue.safe_job import VOLUME_TAG, ThumbnailJob
from pipeline.records import MAX_ATTEMPTS

QUEUE = "thumbnails"
DESCRIPTION = "make_thumbnail"
RESULT_SECONDS = 3600
FAILURE_SECONDS = 7 * 24 * 3600
RQ_MARGIN_SECONDS = 30
_WRITABLE = "gallery:writable"

_ENDED = frozenset(
    status.value.encode() for status in (JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)
)


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How the queue stands: numbers of jobs, the age in seconds of the oldest that waits, live workers."""

    waiting: int
    oldest_seconds: float | None
    running: int
    failed: int
    workers: int


class ThumbnailQueue:
    """The queue `thumbnails`, as web, workers and operators use it.

    After a failure of Redis it is left alone for `pause` seconds, so that a Redis that hangs delays one
    request and not each.
    """

    def __init__(self, connection: Redis, job_timeout: int, lease: Lease, pause: float = 0.0) -> None:
        self.connection = connection
        self.lease = lease
        self.rq = Queue(
            QUEUE,
            connection=connection,
            serializer=JSONSerializer,
            job_class=ThumbnailJob,
            default_timeout=job_timeout + RQ_MARGIN_SECONDS,
        )
        self._registries = [
            registry.key
            for registry in (
                self.rq.finished_job_registry,
                self.rq.failed_job_registry,
                self.rq.canceled_job_registry,
                self.rq.deferred_job_registry,
                self.rq.scheduled_job_registry,
            )
        ]
        self._breaker = Breaker(pause)

    def enqueue(self, image_id: str) -> None:
        """See to it that a job for this image is in the queue; raises `QueueUnavailable`.

        A job that is waiting or running already is left alone, one that ended is replaced.
        """
        with self.guarded():
            try:
                self._push(image_id)
            except DuplicateJobError:
                if self.drop(image_id, only_ended=True):
                    self._push_once(image_id)

    def replace(self, image_id: str) -> None:
        """Enqueue the image anew, whatever became of its job; raises `QueueUnavailable`."""
        with self.guarded():
            self.drop(image_id, only_ended=False)
            self._push_once(image_id)

    def remove(self, image_id: str) -> None:
        """Forget the job of a deleted image; raises `QueueUnavailable`."""
        with self.guarded():
            self.drop(image_id, only_ended=False)

    def _push_once(self, image_id: str) -> None:
        try:
            self._push(image_id)
        except DuplicateJobError:
            return

    def _push(self, image_id: str) -> None:
        self.rq.enqueue_call(
            JOB,
            args=(image_id,),
            job_id=image_id,
            unique=True,
            description=DESCRIPTION,
            result_ttl=RESULT_SECONDS,
            failure_ttl=FAILURE_SECONDS,
            meta=self.tag,
            retry=Retry(max=MAX_ATTEMPTS - 1),
        )

    @property
    def tag(self) -> dict[str, str]:
        """What a job says of the gallery that it belongs to."""
        return {VOLUME_TAG: self.lease.volume_id}

    def drop(self, job_id: str, *, only_ended: bool) -> bool:
        """Forget a job by its id, within `guarded`; whether it is gone.

        RQ's own `Job.delete` asks what state the job is in and then acts on it, so it raises, or leaves an entry
        behind, if the worker ends the job in between. This is one transaction that asks nothing. An execution in
        progress is left to its worker, which removes it at the end; what the worker writes of the job then expires.
        """
        key = Job.key_for(job_id)
        if only_ended:
            status = self.connection.hget(key, "status")
            if status is not None and status not in _ENDED:
                return False
        with self.connection.pipeline() as pipeline:
            for waiting in (self.rq.key, self.rq.intermediate_queue_key):
                pipeline.lrem(waiting, 0, job_id)
            for registry in self._registries:
                pipeline.zrem(registry, job_id)
            result_key = Result.get_key(job_id)  # type: ignore[no-untyped-call]
            pipeline.delete(key, Job.dependents_key_for(job_id), f"{key}:dependencies", result_key)
            pipeline.execute()
        return True

    def job_states(self, image_ids: list[str]) -> dict[str, bool | None]:
        """For each id: True if its job waits in the queue, False if it has none that could still run, None if
        it left the queue and its end is not known (a worker has it, or died with it).

        Two round trips to Redis, however many ids.
        """
        with self.guarded():
            queued: Any = self.connection.lrange(self.rq.key, 0, -1)
            waiting = set(queued)
            others = [image_id for image_id in image_ids if image_id.encode() not in waiting]
            with self.connection.pipeline(transaction=False) as pipeline:
                for image_id in others:
                    pipeline.hget(Job.key_for(image_id), "status")
                statuses: list[Any] = pipeline.execute()
        states: dict[str, bool | None] = dict.fromkeys(image_ids, True)
        for image_id, status in zip(others, statuses, strict=True):
            states[image_id] = False if status is None or status in _ENDED else None
        return states

    def status(self) -> QueueStatus:
        """How the queue stands; raises `QueueUnavailable`, also where Redis takes no writes."""
        with self.guarded():
            with self.connection.pipeline(transaction=False) as pipeline:
                # a Redis that is full or read-only answers, but takes no jobs
                pipeline.set(_WRITABLE, 1, ex=60)
                pipeline.llen(self.rq.key)
                pipeline.lindex(self.rq.key, 0)
                pipeline.zcard(self.rq.started_job_registry.key)
                pipeline.zcard(self.rq.failed_job_registry.key)
                pipeline.scard(WORKERS_BY_QUEUE_KEY % QUEUE)
                _, waiting, oldest, running, failed, workers = pipeline.execute()
            age = self._age(oldest.decode(errors="replace")) if oldest else None
        return QueueStatus(int(waiting), age, int(running), int(failed), int(workers))

    def _age(self, image_id: str) -> float | None:
        enqueued = self.connection.hget(Job.key_for(image_id), "enqueued_at")
        if not isinstance(enqueued, bytes):
            return None
        try:
            moment = datetime.fromisoformat(enqueued.decode().replace("Z", "+00:00"))
            return max(0.0, round((datetime.now(UTC) - moment).total_seconds(), 3))
        except (ValueError, TypeError):
            return None  # not a time that RQ wrote

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """A context in which failures of Redis are `QueueUnavailable`, and are remembered for `pause` seconds.

        A Redis that serves another gallery is not spoken to at all.
        """
        self.lease.require()
        with self._breaker.guarded():
            yield

    @property
    def is_away(self) -> bool:
        """Whether Redis serves another gallery, or failed less than `pause` seconds ago."""
        return not self.lease.held or self._breaker.resting

    def rest(self) -> None:
        """Leave Redis alone for a while."""
        self._breaker.rest()
