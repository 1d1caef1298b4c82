"""Jobs that make renditions anew: a few at a time in the queue of views, behind them, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis import Redis
from rq.exceptions import DuplicateJobError

from pipeline.queue.safe_job import REGENERATE_JOB
from pipeline.queue.thumbnails import DESCRIPTION, ThumbnailQueue

MADE, LATER, GONE, FAILED = "made", "later", "gone", "failed"

_OUTCOMES = "gallery:remakes"
# RQ falls over a job that it finds abandoned and may not keep at all.
_JOB_SECONDS = 60
_KEPT_SECONDS = 24 * 3600


def report(connection: Redis, image_id: str, outcome: str) -> None:
    """Say what became of one job: `made`, `later`, `gone`, or `failed: why`."""
    with connection.pipeline() as pipeline:
        pipeline.hset(_OUTCOMES, image_id, outcome)
        pipeline.expire(_OUTCOMES, _KEPT_SECONDS)
        pipeline.execute()


class RegenerationQueue:
    """The jobs of one run; every call raises `QueueUnavailable` where Redis does not answer."""

    def __init__(self, queue: ThumbnailQueue) -> None:
        self._queue = queue

    def enqueue(self, image_id: str) -> None:
        """See to it that a job for this image is in the queue; the outcome of an earlier one is dropped."""
        with self._queue.guarded():
            self._queue.connection.hdel(_OUTCOMES, image_id)
            self._queue.views.drop(remake_id(image_id), only_ended=False)
            try:
                self._queue.views.rq.enqueue_call(
                    REGENERATE_JOB, args=(image_id,), job_id=remake_id(image_id), unique=True,
                    description=DESCRIPTION, result_ttl=_JOB_SECONDS, failure_ttl=_JOB_SECONDS, meta=self._queue.tag,
                )  # fmt: skip
            except DuplicateJobError:
                return

    def outcomes(self, image_ids: Iterable[str]) -> dict[str, str]:
        """What became of those that ended."""
        wanted = list(image_ids)
        if not wanted:
            return {}
        with self._queue.guarded():
            values = self._queue.connection.hmget(_OUTCOMES, wanted)
        return {i: value.decode() for i, value in zip(wanted, values, strict=True) if isinstance(value, bytes)}

    def forget(self, image_ids: Iterable[str]) -> None:
        """Drop the outcomes of these."""
        if wanted := list(image_ids):
            with self._queue.guarded():
                self._queue.connection.hdel(_OUTCOMES, *wanted)

    def waits(self, image_id: str) -> bool:
        """Whether its job is still in the queue."""
        with self._queue.guarded():
            waiting: Any = self._queue.connection.lrange(self._queue.views.rq.key, 0, -1)
        return remake_id(image_id).encode() in waiting


def remake_id(image_id: str) -> str:
    """The id of the job that makes the renditions of an image again."""
    return f"remake-{image_id}"
