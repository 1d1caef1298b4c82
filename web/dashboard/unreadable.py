"""Entries in Redis that RQ cannot read, listed as unreadable, so that they hide no other job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from redis.exceptions import RedisError, ResponseError
from rq import Queue
from rq.job import Job

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UnreadableJob:
    """A job of which only the id is known."""

    id: str


class ReadingQueue(Queue):
    """A queue whose `fetch_job` returns an `UnreadableJob` if it cannot read one."""

    def fetch_job(self, job_id: str) -> Any:
        """Like RQ's own; still raises if Redis does not answer."""
        try:
            return super().fetch_job(job_id)
        except Exception as error:  # noqa: BLE001 - RQ raises whatever comes of a damaged field, assertions too
            return _unreadable(job_id, error)


def _unreadable(job_id: str, error: Exception) -> UnreadableJob:
    """The unreadable job, after an error in reading it; re-raises any other failure of Redis."""
    if isinstance(error, RedisError) and not isinstance(error, ResponseError):
        raise error
    _log.warning("job cannot be read", job=job_id, error=repr(error)[:200])
    return UnreadableJob(job_id)


def list_unreadable(web: Any) -> None:
    """Make the dashboard list unreadable entries with their ids."""
    serialize = web.serialize_job

    def serialize_job(job: Job | UnreadableJob) -> dict[str, Any]:
        if not isinstance(job, UnreadableJob):
            try:
                return dict(serialize(job))
            except Exception as error:  # noqa: BLE001 - as above
                job = _unreadable(job.id, error)
        unknown = dict.fromkeys(("created_at", "started_at", "ended_at", "exc_info"))
        return {"id": job.id, "description": "This entry cannot be read.", **unknown}

    web.Queue = ReadingQueue
    web.serialize_job = serialize_job
