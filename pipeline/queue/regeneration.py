"""Jobs that make renditions again or read facts of the camera: a few at a time in the queue of views, behind them, and
what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis import Redis
from rq.exceptions import DuplicateJobError

from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.jobs import describe
from pipeline.queue.safe_job import FACTS_JOB, REGENERATE_JOB, TRACE_TAG

MADE, READ, LATER, GONE, FAILED = "made", "read", "later", "gone", "failed"
REGENERATE, READ_FACTS = "regenerate", "read facts"
"""What the spans of the jobs are called."""

_OUTCOMES = "gallery:remakes"
# RQ falls over a job that it finds abandoned and may not keep at all.
_JOB_SECONDS = 60
_KEPT_SECONDS = 24 * 3600


def report(connection: Redis, name: str, outcome: str) -> None:
    """Say what became of one job: `made`, `read`, `later`, `gone`, or `failed: why`. `name` is the id of the image, and
    of a job that reads facts its own."""
    with connection.pipeline() as pipeline:
        pipeline.hset(_OUTCOMES, name, outcome)
        pipeline.expire(_OUTCOMES, _KEPT_SECONDS)
        pipeline.execute()


class RegenerationQueue:
    """The jobs of one run, which make renditions, or read `facts` of the camera; every call raises `QueueUnavailable`
    where Redis does not answer."""

    def __init__(self, queue: ImageQueues, *, facts: bool = False) -> None:
        self._queue = queue
        self._function = FACTS_JOB if facts else REGENERATE_JOB
        self._job_id = facts_id if facts else remake_id
        self._facts = facts

    def enqueue(self, image_id: str, traceparent: str | None = None) -> None:
        """See to it that a job for this image is in the queue; the outcome of an earlier one is dropped. The job
        belongs to the trace of a W3C `traceparent`."""
        meta = {**self._queue.tag, TRACE_TAG: traceparent} if traceparent else self._queue.tag
        job_id = self._job_id(image_id)
        with self._queue.guarded():
            self._queue.connection.hdel(_OUTCOMES, self._name(image_id))
            self._queue.views.drop(job_id, only_ended=False)
            try:
                self._queue.views.rq.enqueue_call(
                    self._function, args=(image_id,), job_id=job_id, unique=True,
                    description=describe(self._function), result_ttl=_JOB_SECONDS, failure_ttl=_JOB_SECONDS, meta=meta,
                )  # fmt: skip
            except DuplicateJobError:
                return

    def outcomes(self, image_ids: Iterable[str]) -> dict[str, str]:
        """What became of those that ended."""
        wanted = list(image_ids)
        if not wanted:
            return {}
        with self._queue.guarded():
            values = self._queue.connection.hmget(_OUTCOMES, [self._name(image_id) for image_id in wanted])
        return {i: value.decode() for i, value in zip(wanted, values, strict=True) if isinstance(value, bytes)}

    def forget(self, image_ids: Iterable[str]) -> None:
        """Drop the outcomes of these."""
        if wanted := [self._name(image_id) for image_id in image_ids]:
            with self._queue.guarded():
                self._queue.connection.hdel(_OUTCOMES, *wanted)

    def waits(self, image_id: str) -> bool:
        """Whether its job is still in the queue."""
        with self._queue.guarded():
            waiting: Any = self._queue.connection.lrange(self._queue.views.rq.key, 0, -1)
        return self._job_id(image_id).encode() in waiting

    def _name(self, image_id: str) -> str:
        return facts_id(image_id) if self._facts else image_id


def remake_id(image_id: str) -> str:
    """The id of the job that makes the renditions of an image again."""
    return f"remake-{image_id}"


def facts_id(image_id: str) -> str:
    """The id of the job that reads what the camera knew of an image."""
    return f"facts-{image_id}"
