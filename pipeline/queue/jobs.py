"""One RQ queue of ours and its jobs. Every method raises `RedisError` or `OSError` if Redis fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.client import Pipeline
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError
from rq.job import Job, JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from pipeline.queue.safe_job import ThumbnailJob
from pipeline.records import MAX_ATTEMPTS

RESULT_SECONDS = 3600
FAILURE_SECONDS = 7 * 24 * 3600
ENDED = frozenset(
    status.value.encode() for status in (JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)
)


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """How a queue stands: numbers of jobs, the age in seconds of the oldest that waits, live workers by state."""

    waiting: int
    oldest_seconds: float | None
    running: int
    failed: int
    worker_states: Mapping[str, int]

    @property
    def workers(self) -> int:
        """How many workers are alive."""
        return sum(self.worker_states.values())


class JobQueue:
    """The RQ queue `name`, whose jobs run the function `job` on one image."""

    def __init__(self, name: str, job: str, connection: Redis, timeout: int, *, newest_first: bool = False) -> None:
        self.connection = connection
        # A retried job goes to the end that is taken last, so that others go first.
        self._retry = Retry(max=MAX_ATTEMPTS - 1, enqueue_at_front=newest_first)
        self._job = job
        self.rq = Queue(
            name, connection=connection, serializer=JSONSerializer, job_class=ThumbnailJob, default_timeout=timeout
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

    def enqueue(self, job_id: str, image_id: str, meta: dict[str, Any]) -> None:
        """See to it that this job is in the queue: one that waits or runs is left alone, one that ended is replaced."""
        try:
            self._push(job_id, image_id, meta)
        except DuplicateJobError:
            if self.drop(job_id, only_ended=True):
                self._push_once(job_id, image_id, meta)

    def replace(self, job_id: str, image_id: str, meta: dict[str, Any]) -> None:
        """Enqueue the job, replacing any earlier one."""
        self.drop(job_id, only_ended=False)
        self._push_once(job_id, image_id, meta)

    def _push_once(self, job_id: str, image_id: str, meta: dict[str, Any]) -> None:
        with suppress(DuplicateJobError):
            self._push(job_id, image_id, meta)

    def _push(self, job_id: str, image_id: str, meta: dict[str, Any]) -> None:
        self.rq.enqueue_call(
            self._job,
            args=(image_id,),
            job_id=job_id,
            unique=True,
            description=describe(self._job),
            result_ttl=RESULT_SECONDS,
            failure_ttl=FAILURE_SECONDS,
            meta=meta,
            retry=self._retry,
        )

    def drop(self, job_id: str, *, only_ended: bool) -> bool:
        """Forget a job by its id; whether it is gone.

        RQ's own `Job.delete` asks what state the job is in and then acts on it, so it raises, or leaves an entry
        behind, if the worker ends the job in between. This is one transaction that asks nothing. An execution in
        progress is left to its worker, which removes it at the end; what the worker writes of the job then expires.
        """
        if only_ended:
            status = self.connection.hget(Job.key_for(job_id), "status")
            if status is not None and status not in ENDED:
                return False
        with self.connection.pipeline() as pipeline:
            self.forget(job_id, pipeline)
            pipeline.execute()
        return True

    def forget(self, job_id: str, pipeline: Pipeline) -> None:
        """The commands of `drop`."""
        key = Job.key_for(job_id)
        for waiting in (self.rq.key, self.rq.intermediate_queue_key):
            pipeline.lrem(waiting, 0, job_id)
        for registry in self._registries:
            pipeline.zrem(registry, job_id)
        result_key = Result.get_key(job_id)  # type: ignore[no-untyped-call]
        pipeline.delete(key, Job.dependents_key_for(job_id), f"{key}:dependencies", result_key)

    def status(self) -> QueueStatus:
        """How the queue stands, in two round trips."""
        with self.connection.pipeline(transaction=False) as pipeline:
            pipeline.llen(self.rq.key)
            pipeline.lindex(self.rq.key, 0)
            pipeline.zcard(self.rq.started_job_registry.key)
            pipeline.zcard(self.rq.failed_job_registry.key)
            pipeline.smembers(WORKERS_BY_QUEUE_KEY % self.rq.name)
            waiting, oldest, running, failed, workers = pipeline.execute()
        with self.connection.pipeline(transaction=False) as pipeline:
            pipeline.hget(Job.key_for(oldest.decode(errors="replace") if oldest else ""), "enqueued_at")
            for worker in workers:
                pipeline.hget(worker, "state")
            enqueued, *states = pipeline.execute()
        # a worker that died or hangs leaves its name in the set, and in time nothing under it
        alive = Counter(state.decode(errors="replace") for state in states if isinstance(state, bytes))
        return QueueStatus(int(waiting), _age(enqueued), int(running), int(failed), alive)


def _age(enqueued: object) -> float | None:
    """Seconds since a job was enqueued; None if that is no time that RQ wrote."""
    if not isinstance(enqueued, bytes):
        return None
    try:
        moment = datetime.fromisoformat(enqueued.decode().replace("Z", "+00:00"))
        return max(0.0, round((datetime.now(UTC) - moment).total_seconds(), 3))
    except (ValueError, TypeError):
        return None


def describe(function: str) -> str:
    """How the dashboard names a job that runs this function: always the same, whatever the image."""
    return function.rpartition(".")[2]
