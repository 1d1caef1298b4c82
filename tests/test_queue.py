"""The queue in Redis: one job for each image, whatever lies in its way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis
from rq.executions import Execution
from rq.job import Job
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from pipeline.ids import new_id
from pipeline.queue.connection import connect
from pipeline.queue.image_queues import ImageQueues, JobState
from pipeline.queue.lease import Lease
from pipeline.queue.stats import queue_stats
from tests.conftest import Gallery


@pytest.fixture
def redis(bare: Gallery) -> Iterator[Redis]:
    bare.start_redis()
    with connect(bare.environ["REDIS_URL"], timeout=5) as connection:
        yield connection


@pytest.fixture
def queue(redis: Redis) -> ImageQueues:
    lease = Lease(redis, lambda: "a volume")
    lease.renew()
    return ImageQueues(redis, 60, lease)


def keys(redis: Redis, image_id: str) -> list[Any]:
    found: Any = redis.keys(f"*{image_id}*")
    return sorted(found)


def test_a_job_is_removed_while_its_worker_ends_it(redis: Redis, queue: ImageQueues) -> None:
    image_id = new_id()
    queue.enqueue(image_id)
    job = Job.fetch(image_id, connection=redis, serializer=queue.rq.serializer)
    with redis.pipeline() as pipeline:
        execution = Execution.create(job, 60, pipeline, worker_name="test")
        job.prepare_for_execution("test", pipeline)
        pipeline.execute()
    redis.delete(execution.key)  # half of what a worker does at the end, as `Job.delete` may see it
    queue.remove(image_id)
    assert not redis.exists(Job.key_for(image_id))
    assert redis.llen(queue.rq.key) == 0
    assert all(redis.ttl(key) > 0 for key in keys(redis, image_id))


def test_only_workers_that_still_give_a_sign_of_life_are_counted(redis: Redis, queue: ImageQueues) -> None:
    for name, state in (("rq:worker:lives", "idle"), ("rq:worker:works", "busy"), ("rq:worker:died", None)):
        redis.sadd(WORKERS_BY_QUEUE_KEY % queue.rq.name, name)
        if state:
            redis.hset(name, "state", state)
    status = queue.status()
    assert (status.workers, dict(status.worker_states)) == (2, {"idle": 1, "busy": 1})
    assert queue_stats(queue)[queue.rq.name].workers == {"idle": 1, "busy": 1, "suspended": 0}


@pytest.mark.parametrize("status", ["queued", "started", "finished", "failed", "canceled", "of a newer release"])
def test_a_removed_job_leaves_nothing_whatever_its_state(redis: Redis, queue: ImageQueues, status: str) -> None:
    image_id = new_id()
    queue.enqueue(image_id)
    redis.hset(Job.key_for(image_id), "status", status)
    for name in ("finished", "failed", "canceled"):
        redis.zadd(f"rq:{name}:thumbnails", {image_id: time.time() + 60})
    redis.rpush(queue.rq.intermediate_queue_key, image_id)
    queue.remove(image_id)
    assert keys(redis, image_id) == []
    for key in ("rq:finished:thumbnails", "rq:failed:thumbnails", "rq:canceled:thumbnails"):
        assert redis.zscore(key, image_id) is None
    assert not redis.exists(queue.rq.key, queue.rq.intermediate_queue_key)


def test_what_is_left_of_a_job_keeps_no_image_from_the_queue(redis: Redis, queue: ImageQueues) -> None:
    image_id = new_id()
    redis.hset(Job.key_for(image_id), mapping={"status": "started", "worker_name": "dead"})
    queue.replace(image_id)
    assert queue.job_states([image_id]) == {image_id: JobState.WAITING}
    redis.delete(queue.rq.key)
    redis.hset(Job.key_for(image_id), "status", "of a newer release")
    assert queue.job_states([image_id]) == {image_id: JobState.UNKNOWN}


def test_figures_are_given_whatever_the_queue_holds(redis: Redis, queue: ImageQueues) -> None:
    redis.rpush(queue.rq.key, b"\xff\xfe", "no job")
    assert (queue.status().waiting, queue.status().oldest_seconds) == (2, None)
    redis.lpop(queue.rq.key)
    for wrong in ("yesterday", "2026-01-01T00:00:00", b"\xff"):
        redis.hset(Job.key_for("no job"), "enqueued_at", wrong)
        assert queue.status().oldest_seconds is None
    assert queue.job_states([new_id()])
