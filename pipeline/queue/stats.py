"""How the queues stand for those who watch them: jobs by registry, workers by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.jobs import JobQueue


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Numbers of jobs by status, of live workers by state, and the age in seconds of the oldest job that waits."""

    jobs: Mapping[str, int]
    workers: Mapping[str, int]
    oldest_seconds: float


def queue_stats(queue: ImageQueues) -> dict[str, QueueStats]:
    """Count each queue, by its name; raises `QueueUnavailable`. Four round trips for each, however many jobs and
    workers there are."""
    queue.status()  # raises if Redis takes no writes
    with queue.guarded():
        return {one.rq.name: _stats(one) for one in (queue.thumbnails, queue.views)}


def _stats(queue: JobQueue) -> QueueStats:
    oldest = queue.status().oldest_seconds
    registries = {
        "started": queue.rq.started_job_registry,
        "finished": queue.rq.finished_job_registry,
        "failed": queue.rq.failed_job_registry,
        "deferred": queue.rq.deferred_job_registry,
        "scheduled": queue.rq.scheduled_job_registry,
        "canceled": queue.rq.canceled_job_registry,
    }
    with queue.connection.pipeline(transaction=False) as pipeline:
        pipeline.llen(queue.rq.key)
        for registry in registries.values():
            pipeline.zcard(registry.key)
        pipeline.smembers(WORKERS_BY_QUEUE_KEY % queue.rq.name)
        waiting, *counts, names = pipeline.execute()
    with queue.connection.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hget(name, "state")
        states: list[Any] = pipeline.execute()
    jobs = {"queued": int(waiting), **dict(zip(registries, map(int, counts), strict=True))}
    # a worker that died leaves its name in the set, and nothing under it
    workers = Counter(state.decode() for state in states if isinstance(state, bytes))
    return QueueStats(jobs, {"idle": 0, "busy": 0, "suspended": 0, **workers}, oldest or 0.0)
