"""The queues of images: `thumbnails` for those without a picture yet, `views` for those that lack their large view.

`pipeline.queue.order` says which job a worker takes next.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

from redis import Redis
from rq.job import Job

from pipeline.queue.connection import Breaker
from pipeline.queue.jobs import ENDED, JobQueue, QueueStatus
from pipeline.queue.lease import Lease
from pipeline.queue.order import SINCE
from pipeline.queue.safe_job import JOB as JOB
from pipeline.queue.safe_job import VIEW_JOB, VOLUME_TAG

QUEUE = "thumbnails"
VIEWS = "views"
RQ_MARGIN_SECONDS = 30
_WRITABLE = "gallery:writable"


class JobState(Enum):
    """What is known of the jobs of an image: one waits; none could still run; or one left its queue and its end is not
    known (a worker has it, or died with it)."""

    WAITING = auto()
    NONE = auto()
    UNKNOWN = auto()


class ImageQueues:
    """The queues `thumbnails` and `views`, as web, workers and operators use them.

    After a failure of Redis they are left alone for `pause` seconds, so that a Redis that hangs delays one
    request and not each. Every method raises `QueueUnavailable`.
    """

    def __init__(self, connection: Redis, job_timeout: int, lease: Lease, pause: float = 0.0) -> None:
        self.connection = connection
        self.lease = lease
        self.thumbnails = JobQueue(QUEUE, JOB, connection, job_timeout + RQ_MARGIN_SECONDS, newest_first=True)
        self.views = JobQueue(VIEWS, VIEW_JOB, connection, job_timeout + RQ_MARGIN_SECONDS)
        self.rq = self.thumbnails.rq
        self._breaker = Breaker(pause)

    def enqueue(self, image_id: str) -> None:
        """See to it that a job for this image is in the queue, as `JobQueue.enqueue` does."""
        with self.guarded():
            self.thumbnails.enqueue(image_id, image_id, self.tag)

    def enqueue_view(self, image_id: str) -> None:
        """As `enqueue`, for an image that has its grid."""
        with self.guarded():
            self.views.enqueue(view_id(image_id), image_id, self._view_tag())

    def replace(self, image_id: str) -> None:
        """Enqueue the image, replacing any earlier job."""
        with self.guarded():
            self.thumbnails.replace(image_id, image_id, self.tag)

    def replace_view(self, image_id: str) -> None:
        """As `replace`, for an image that has its grid."""
        with self.guarded():
            self.views.replace(view_id(image_id), image_id, self._view_tag())

    def remove(self, image_id: str) -> None:
        """Forget the jobs of a deleted image."""
        with self.guarded(), self.connection.pipeline() as pipeline:
            self.thumbnails.forget(image_id, pipeline)
            self.views.forget(view_id(image_id), pipeline)
            pipeline.execute()

    @property
    def tag(self) -> dict[str, str]:
        """What a job says of the gallery that it belongs to."""
        return {VOLUME_TAG: self.lease.volume_id}

    def _view_tag(self) -> dict[str, Any]:
        """With the moment from which on it waits, by Redis's clock, which alone is asked how long that is."""
        now: Any = self.connection.time()
        return {**self.tag, SINCE: now[0]}

    def job_states(self, image_ids: list[str]) -> dict[str, JobState]:
        """The state of each image's jobs.

        Two round trips to Redis, however many ids.
        """
        jobs = [job_id for image_id in image_ids for job_id in (image_id, view_id(image_id))]
        with self.guarded():
            with self.connection.pipeline(transaction=False) as pipeline:
                pipeline.lrange(self.thumbnails.rq.key, 0, -1)
                pipeline.lrange(self.views.rq.key, 0, -1)
                waiting = {job_id for queued in pipeline.execute() for job_id in queued}
            others = [job_id for job_id in jobs if job_id.encode() not in waiting]
            with self.connection.pipeline(transaction=False) as pipeline:
                for job_id in others:
                    pipeline.hget(Job.key_for(job_id), "status")
                statuses: list[Any] = pipeline.execute()
        unknown = {j for j, status in zip(others, statuses, strict=True) if status is not None and status not in ENDED}
        states: dict[str, JobState] = {}
        for image_id in image_ids:
            own = {image_id, view_id(image_id)}
            waits = any(job_id.encode() in waiting for job_id in own)
            states[image_id] = JobState.WAITING if waits else JobState.UNKNOWN if own & unknown else JobState.NONE
        return states

    def status(self) -> QueueStatus:
        """How `thumbnails` stands; raises `QueueUnavailable` also if Redis takes no writes."""
        with self.guarded():
            # a Redis that is full or read-only answers, but takes no jobs
            self.connection.set(_WRITABLE, 1, ex=60)
            return self.thumbnails.status()

    def views_status(self) -> QueueStatus:
        """How `views` stands."""
        with self.guarded():
            return self.views.status()

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
        return not self.lease.held or self._breaker.is_open

    def rest(self) -> None:
        """Leave Redis alone for a while."""
        self._breaker.trip()


def view_id(image_id: str) -> str:
    """The id of the job that makes the view of an image."""
    return f"view-{image_id}"
