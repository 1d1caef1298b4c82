"""Whoever can write to Redis can run no code in a worker, and stop none."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Callback, Queue
from rq.command import send_command
from rq.serializers import JSONSerializer
from rq.suspension import suspend
from rq.worker import BaseWorker

from pipeline.queue.image_queues import QUEUE
from pipeline.queue.safe_job import JOB
from tests.conftest import Gallery, picture, until


def test_a_job_that_names_other_code_is_not_run_and_the_others_are(gallery: Gallery, tmp_path: Path) -> None:
    gallery.stop("worker.2")
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)
        places = [tmp_path / name for name in ("function", "on success", "on failure", "pickle")]
        by_function = queue.enqueue("os.mkdir", str(places[0]))
        by_callback = queue.enqueue_call(
            JOB, args=(str(places[1]),), on_success=Callback("os.mkdir"), on_failure=Callback("os.makedirs")
        )

        class Payload:
            def __reduce__(self) -> tuple[Any, tuple[str]]:
                import os

                return os.mkdir, (str(places[3]),)

        queue.enqueue(JOB, "a", job_id="pickled")
        redis.hset("rq:job:pickled", mapping={"data": pickle.dumps(Payload()), "meta": pickle.dumps(Payload())})
        until(lambda: queue.count == 0, 60)
        record = gallery.until_ended(gallery.upload(picture()).json["id"])
        assert record["state"] == "ready"
        assert by_function.get_status() == "failed"
        assert by_callback.get_status() in ("failed", "finished")
    assert not any(place.exists() for place in places)


def test_entries_that_cannot_be_read_are_dropped_and_stop_no_worker(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.start_redis()
    with Redis.from_url(bare.environ["REDIS_URL"]) as redis:
        redis.hset("rq:job:no-time", mapping={"data": "x", "created_at": "yesterday"})
        redis.hset("rq:job:no-status", mapping={"data": "x", "status": "of a newer release"})
        redis.hset("rq:job:no-number", mapping={"data": "x", "timeout": "soon"})
        redis.set("rq:job:no-hash", "a string")
        strays: tuple[bytes | str, ...] = (b"\xff\xfe", "no-time", "no-status", "no-number", "no-hash", "", "a:b/c")
        redis.rpush("rq:queue:thumbnails", *strays)
        redis.rpush("rq:queue:thumbnails:intermediate", *strays)
        bare.start_all()
        for _ in range(2):
            assert bare.until_ended(bare.upload(picture()).json["id"])["state"] == "ready"
        until(lambda: redis.llen("rq:queue:thumbnails") == 0, 60)
        assert not redis.exists("rq:job:no-time", "rq:job:no-hash")
    status = bare.queue()
    assert (status["waiting"], status["workers"]) == (0, 2)
    assert "Traceback" not in bare.log.read_text()


def test_a_command_over_redis_stops_no_worker(gallery: Gallery) -> None:
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        names = until(lambda: [worker.name for worker in BaseWorker.all(redis)], 60)
        suspend(redis)
        for name in names:
            for command in ("shutdown", "kill-horse", "stop-job", "stop-execution"):
                send_command(redis, name, command, job_id="a", execution_id="a")
            redis.publish(f"rq:pubsub:{name}", b"\xff no command")
        assert not redis.pubsub_channels("rq:pubsub:*")
        for _ in range(2):
            assert gallery.until_ended(gallery.upload(picture()).json["id"])["state"] == "ready"
        assert sorted(worker.name for worker in BaseWorker.all(redis)) == sorted(names)
    assert all(gallery.processes[name].poll() is None for name in ("worker.1", "worker.2"))
