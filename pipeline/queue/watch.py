"""What the queues are doing, for people who watch them: workers with the current job, and jobs done by the minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis import Redis
from rq.job import Job
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from pipeline.ids import is_id
from pipeline.queue.image_queues import ImageQueues, view_id
from pipeline.queue.jobs import RESULT_SECONDS
from pipeline.queue.regeneration import facts_id, remake_id

MOST_WORKERS = 50
_MOST_NAMES = 1000
MINUTES = 15
_FIELDS = ("state", "current_job", "successful_job_count", "birth")
_MINUTE = 60
# What a job makes, by the prefix of its id.
_KINDS = {"": "thumbnail", view_id(""): "large view", remake_id(""): "renditions anew", facts_id(""): "camera facts"}


@dataclass(frozen=True, slots=True)
class Worker:
    """A live worker. `image_id` is in its hands since `since` seconds, and `making` says what it makes of it."""

    name: str
    state: str
    jobs: int
    up_seconds: float | None
    making: str = ""
    image_id: str = ""
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """At most `MOST_WORKERS` live workers, how many there are, and the jobs done in each of the last minutes, oldest
    first, by queue."""

    workers: tuple[Worker, ...]
    all_workers: int
    done: dict[str, tuple[int, ...]]
    now: float


def watch(queue: ImageQueues) -> Watched:
    """Look at both queues, in four round trips however much there is; raises `QueueUnavailable`."""
    with queue.guarded():
        now = _now(queue.connection)
        done, names = _counts(queue, now)
        workers = _workers(queue.connection, names[:_MOST_NAMES], now)
    return Watched(tuple(workers[:MOST_WORKERS]), len(workers), done, now)


@contextmanager
def _together(connection: Redis) -> Iterator[Any]:
    with connection.pipeline(transaction=False) as pipeline:
        yield pipeline


def _now(connection: Redis) -> float:
    moment: Any = connection.time()
    return float(moment[0] + moment[1] / 1e6)


def _counts(queue: ImageQueues, now: float) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """Jobs done by queue, and the keys of the workers. A job done lies in its registry under the time it is dropped,
    an hour later."""
    queues = (queue.thumbnails, queue.views)
    with _together(queue.connection) as pipeline:
        for one in queues:
            for minute in range(MINUTES, 0, -1):
                end = now + RESULT_SECONDS - (minute - 1) * _MINUTE
                pipeline.zcount(one.rq.finished_job_registry.key, f"({end - _MINUTE}", end if minute > 1 else "+inf")
        for one in queues:
            pipeline.smembers(WORKERS_BY_QUEUE_KEY % one.rq.name)
        *counts, first, second = pipeline.execute()
    done = {
        one.rq.name: tuple(map(int, counts[at : at + MINUTES])) for one, at in zip(queues, (0, MINUTES), strict=True)
    }
    return done, sorted(key.decode(errors="replace") for key in first | second)


def _workers(connection: Redis, keys: list[str], now: float) -> list[Worker]:
    """The workers under these keys; one that died has left a name, and nothing under it."""
    with _together(connection) as pipeline:
        for key in keys:
            pipeline.hmget(key, _FIELDS)
        found = dict(zip(keys, pipeline.execute(), strict=True))
    alive = {key: [_text(value) for value in values] for key, values in found.items() if values[0]}
    with _together(connection) as pipeline:
        for _, job_id, *_ in alive.values():
            pipeline.hget(Job.key_for(job_id), "started_at")
        started = pipeline.execute()
    workers = []
    for (key, (state, job_id, jobs, birth)), begun in zip(alive.items(), started, strict=True):
        kind, image_id = _named(job_id)
        name, count = key.rpartition(":")[2], int(jobs) if jobs.isdigit() else 0
        since = _age(_text(begun), now) if image_id else None
        workers.append(Worker(name, state, count, _age(birth, now), kind, image_id, since))
    return workers


def _named(job_id: str) -> tuple[str, str]:
    """What a job makes, and of which image."""
    for prefix, what in _KINDS.items():
        if is_id(image_id := job_id.removeprefix(prefix)) and job_id.startswith(prefix):
            return what, image_id
    return "", ""


def _age(moment: str, now: float) -> float | None:
    try:
        return max(0.0, now - datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp())
    except ValueError:
        return None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""
