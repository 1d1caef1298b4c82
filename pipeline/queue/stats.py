"""How the queues stand for those who watch them: jobs by registry, workers by state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.jobs import JobQueue


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Numbers of jobs by status, of live workers by state, and the age in seconds of the oldest job that waits."""

    jobs: Mapping[str, int]
    workers: Mapping[str, int]
    oldest_seconds: float


def queue_stats(queue: ImageQueues) -> dict[str, QueueStats]:
    """Count each queue, by its name; raises `QueueUnavailable`. Three round trips for each, however many jobs and
    workers there are."""
    queue.status()  # raises if Redis takes no writes
    with queue.guarded():
        return {one.rq.name: _stats(one) for one in (queue.thumbnails, queue.views)}


def _stats(queue: JobQueue) -> QueueStats:
    status = queue.status()
    registries = {
        "finished": queue.rq.finished_job_registry,
        "deferred": queue.rq.deferred_job_registry,
        "scheduled": queue.rq.scheduled_job_registry,
        "canceled": queue.rq.canceled_job_registry,
    }
    with queue.connection.pipeline(transaction=False) as pipeline:
        for registry in registries.values():
            pipeline.zcard(registry.key)
        counts = map(int, pipeline.execute())
    jobs = {"queued": status.waiting, "started": status.running, "failed": status.failed}
    jobs |= dict(zip(registries, counts, strict=True))
    states = {"idle": 0, "busy": 0, "suspended": 0, **status.worker_states}
    return QueueStats(jobs, states, status.oldest_seconds or 0.0)
