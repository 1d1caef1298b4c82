"""Whoever can write to Redis can run no code in a worker."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Callback, Queue
from rq.serializers import JSONSerializer

from pipeline.queue.safe_job import JOB
from pipeline.queue.thumbnails import QUEUE
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
        until(lambda: queue.count == 0, 30)
        record = gallery.until_ended(gallery.upload(picture()).json["id"])
        assert record["state"] == "ready"
        assert by_function.get_status() == "failed"
        assert by_callback.get_status() in ("failed", "finished")
    assert not any(place.exists() for place in places)
