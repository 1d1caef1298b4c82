"""Two galleries on one Redis database: the second treats it as away, and neither takes what is the other's."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from pipeline.ids import new_id
from pipeline.queue.lease import KEY, LEASE_SECONDS
from pipeline.queue.safe_job import JOB
from pipeline.volume.volume import Volume
from tests.conftest import Gallery, picture, until
from tests.listening import ear
from tests.product import prepared


def start(gallery: Gallery) -> None:
    gallery.start("web", "web")
    gallery.start("worker", "worker")
    until(lambda: gallery.call("GET", "/readyz").status == 200, 60)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Gallery, Gallery]]:
    """The first runs and holds Redis; the second was started after it."""
    with prepared(tmp_path / "first") as first:
        first.data.mkdir()
        first.start_redis()
        with prepared(tmp_path / "second", REDIS_URL=first.environ["REDIS_URL"]) as second:
            second.data.mkdir()
            for gallery in (first, second):
                gallery.log = gallery.data.with_suffix(".log")
                start(gallery)
                first.until_workers(1)
            log = second.data.with_suffix(".log")
            until(lambda: log.read_text().count('"held_by"') == 2, 60)  # web and worker know whose it is
            yield first, second


def ready(gallery: Gallery) -> bool:
    return all(record["state"] == "ready" for record in gallery.call("GET", "/api/images").json["images"])


def test_each_makes_its_own_and_hears_its_own(pair: tuple[Gallery, Gallery]) -> None:
    first, second = pair
    with ear(first) as one:
        ours = [first.upload(picture()).json["id"] for _ in range(5)]
        theirs = [second.upload(picture()) for _ in range(5)]
        assert {answer.status for answer in theirs} == {201}
        until(lambda: ready(first), 60)
        told: set[str] = set()
        while told != set(ours):
            event = one.next()
            assert event.kind == "image"
            told.add(event.data["id"])
            assert told <= set(ours)
    assert not any(record["state"] != "pending" for record in second.call("GET", "/api/images").json["images"])
    answer = second.call("GET", "/readyz")
    assert (answer.status, answer.json["status"]) == (200, "ready")
    assert "another gallery uses this Redis database" in answer.json["queue"]
    assert "REDIS_URL" in second.call("GET", "/api/status").json["queue_error"]
    assert second.call("GET", "/api/events").status == 503
    assert b"\ngallery_queue_held_by_another 1.0\n" in second.call("GET", "/metrics").body
    assert b"\ngallery_queue_held_by_another 0.0\n" in first.call("GET", "/metrics").body
    assert first.queue()["workers"] == 1
    assert second.log is not None
    said = second.log.read_text()
    assert "Traceback" not in said
    assert [json.loads(line)["level"] for line in said.splitlines() if '"held_by"' in line] == ["error"] * 2

    # the first one goes, and its lease lapses
    first.stop("web", signal.SIGKILL)
    first.stop("worker", signal.SIGKILL)
    with Redis.from_url(first.environ["REDIS_URL"]) as redis:
        redis.pexpire(KEY, 1)
    until(lambda: ready(second), 120)
    until(lambda: second.call("GET", "/readyz").json["queue"] == "ok", 60)


def test_a_flush_leaves_redis_to_the_one_that_had_it(pair: tuple[Gallery, Gallery]) -> None:
    first, second = pair
    with Redis.from_url(first.environ["REDIS_URL"]) as redis:
        redis.flushall()
        ours = [first.upload(picture()).json["id"] for _ in range(3)]
        second.upload(picture())
        until(lambda: redis.get(KEY) == Volume(first.data).id.encode(), 60)
    for image_id in ours:
        assert first.until_ended(image_id, 90)["state"] == "ready"
    assert "another gallery" in second.call("GET", "/readyz").json["queue"]


def foreign_job(redis: Any, volume: str) -> str:
    """A job of another gallery, in the queue."""
    image_id = new_id()
    data = json.dumps([JOB, None, [image_id], {}])
    redis.hset(
        f"rq:job:{image_id}",
        mapping={"data": data, "status": "queued", "origin": "thumbnails", "meta": json.dumps({"volume": volume})},
    )
    redis.rpush("rq:queue:thumbnails", image_id)
    return image_id


def test_a_job_that_another_gallery_left_behind_is_dropped_and_said(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.start_all()
    with Redis.from_url(bare.environ["REDIS_URL"]) as redis:
        job = foreign_job(redis, new_id())
        until(lambda: not redis.exists(f"rq:job:{job}"), 60)
        assert redis.zscore("rq:finished:thumbnails", job) is None
    assert bare.until_ended(bare.upload(picture()).json["id"])["state"] == "ready"
    log = bare.log
    until(lambda: "dropped a job of another gallery" in log.read_text(), 60)


def test_a_job_that_belongs_to_the_new_holder_is_handed_back(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.start_all()
    other = new_id()
    with Redis.from_url(bare.environ["REDIS_URL"]) as redis:
        with redis.pipeline() as together:
            together.set(KEY, other, ex=LEASE_SECONDS)
            job = foreign_job(together, other)
            together.execute()
        until(lambda: redis.scard("rq:workers:thumbnails") == 0, 60)
        assert redis.lrange("rq:queue:thumbnails", 0, -1) == [job.encode()]
        assert redis.lrange("rq:queue:thumbnails:intermediate", 0, -1) == []
        assert redis.hget(f"rq:job:{job}", "status") == b"queued"
    assert "Traceback" not in bare.log.read_text()
