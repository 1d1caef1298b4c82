"""RQ's queue as a worker reads it: an entry that cannot be read is dropped, and stops no worker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import structlog
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Queue
from rq.exceptions import DequeueTimeout, StopRequested
from rq.job import Job

from pipeline.queue.lease import Lease
from pipeline.queue.order import OLDEST_EVERY, take
from pipeline.queue.safe_job import ThumbnailJob

_log = structlog.get_logger()


class SafeQueue(Queue):
    """Drops entries that RQ cannot read, left by another release or by anyone who can write to Redis.

    They would end RQ's loop, and its maintenance at every later start. The sweep enqueues pending images again.
    """

    lease: ClassVar[Lease]
    taken_first: ClassVar[int] = 0
    """How many first pictures this worker has taken."""

    @classmethod
    def dequeue_any(
        cls, queues: Iterable[Queue], timeout: int | None, connection: Redis, *args: Any, **kwargs: Any
    ) -> tuple[Job, Queue] | None:
        """The next job of the two queues, in our own order; an id that is not UTF-8 is dropped. Raises `StopRequested`
        if Redis serves another gallery."""
        thumbnails, views = (queue.key for queue in queues)
        while True:
            if not cls.lease.held:
                raise StopRequested
            # Begins with the oldest, so that it has its turn even if workers keep dying early.
            taken = take(connection, thumbnails, views, timeout, oldest=cls.taken_first % OLDEST_EVERY == 0)
            if taken is None:
                if timeout is None:
                    return None
                raise DequeueTimeout(timeout, thumbnails)
            cls.taken_first += taken.queue_key == thumbnails
            found = None
            try:
                found = cls._fetch_dequeued_job(connection, taken.queue_key, taken.job_id.decode(), *args, **kwargs)
            except UnicodeDecodeError:
                _log.warning("dropped a job whose id is not UTF-8")
            if found is None:
                connection.lrem(f"{taken.queue_key}:intermediate", 0, taken.job_id)  # type: ignore[arg-type]
                continue
            if isinstance(found[0], ThumbnailJob):
                found[0].others_wait = taken.others_wait
            return found

    @classmethod
    def _fetch_dequeued_job(
        cls, connection: Redis, queue_key: str, job_id: str, *args: Any, **kwargs: Any
    ) -> tuple[Job, Queue] | None:
        """As RQ's; a job that cannot be read is dropped."""
        try:
            return super()._fetch_dequeued_job(connection, queue_key, job_id, *args, **kwargs)
        except StopRequested:  # the signal came meanwhile; the sweep enqueues the job again
            raise
        except Exception as error:
            if isinstance(error, RedisError | OSError) and not _is_wrong_type(error):
                raise
            _log.warning("dropped a job that cannot be read", job=job_id[:80], error=f"{type(error).__name__}: {error}")
            connection.delete(Job.key_for(job_id))
            return None


def queue_class(lease: Lease) -> type[SafeQueue]:
    """The class of queues for a worker that holds this lease: RQ reads from queues by a method of their class."""
    return type("LeasedQueue", (SafeQueue,), {"lease": lease})


def _is_wrong_type(error: Exception) -> bool:
    return isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")
