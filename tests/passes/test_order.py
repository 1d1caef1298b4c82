"""What is made first: grids before views, the newest grid before others, and a view that has waited long before all."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from redis import Redis
from rq.job import Job

from pipeline.queue.image_queues import ImageQueues, view_id
from pipeline.queue.order import PATIENCE_SECONDS, SINCE, take
from pipeline.queue.safe_job import ThumbnailJob
from tests.conftest import Gallery, picture, until
from worker.safe_queue import queue_class


def taken(queue: ImageQueues, *, oldest: bool = True) -> str:
    found = take(queue.connection, queue.thumbnails.rq.key, queue.views.rq.key, None, oldest=oldest)
    return found.job_id.decode() if found else ""


def seen_first(redis: Redis) -> tuple[list[str], list[str]]:
    """The images in the order in which their grids were shown, and in which they were ready, by their events."""
    shown: list[str] = []
    ready: list[str] = []
    entries: Any = redis.xrange("gallery:events")
    for _, fields in entries:
        if b"record" not in fields:
            continue
        record = json.loads(fields[b"record"])
        if record["renditions"] and record["id"] not in shown:
            shown.append(record["id"])
        if record["state"] == "ready":
            ready.append(record["id"])
    return shown, ready


def test_everybody_is_seen_before_anybody_has_a_view(gallery: Gallery) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    ids = [gallery.upload(picture("JPEG", (1800, 1200))).json["id"] for _ in range(8)]
    gallery.start("worker.1", "worker")
    records = [gallery.until_ended(image_id, 120) for image_id in ids]
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        until(lambda: len(seen_first(redis)[1]) == len(ids), 60)
        shown, ready = seen_first(redis)
        entries: Any = redis.xrange("gallery:events")
        told = [json.loads(fields[b"record"]) for _, fields in entries if b"record" in fields]
        first = next(number for number, record in enumerate(told) if "view" in record["renditions"])
        assert {record["id"] for record in told[:first] if record["renditions"]} == set(ids)
    assert shown == [ids[n] for n in (0, 7, 6, 5, 1, 4, 3, 2)]  # each fourth is the oldest
    assert sorted(ready) == sorted(ids)
    for record in records:
        assert (record["state"], record["attempts"], sorted(record["renditions"])) == ("ready", 1, ["grid", "view"])
        times = [record[name] for name in ("received_at", "queued_at", "started_at", "finished_at")]
        assert times == sorted(times)
        assert {made["format"] for made in record["renditions"].values()} == {"webp"}
        assert gallery.call("GET", record["links"]["view"]).status == 200
    assert os.listdir(gallery.data / "pending") == []


def test_one_alone_is_decoded_once(gallery: Gallery) -> None:
    gallery.until_ended(gallery.upload(picture("JPEG", (1800, 1200))).json["id"])
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        until(lambda: redis.zcard("rq:finished:thumbnails") == 1, 60)  # the record is written before the job ends
        assert not redis.exists("rq:finished:views")


def test_first_pictures_are_taken_before_views_and_a_view_that_has_waited_long_before_all(
    queue: ImageQueues,
) -> None:
    views, images = [f"v{number}" for number in range(3)], [f"i{number}" for number in range(3)]
    for image_id in views:
        queue.enqueue_view(image_id)
    for image_id in images:
        queue.enqueue(image_id)
    assert taken(queue) == "i0"
    job = Job.fetch(view_id("v0"), connection=queue.connection, serializer=queue.rq.serializer)
    job.meta[SINCE] -= PATIENCE_SECONDS
    job.save_meta()  # type: ignore[no-untyped-call]
    assert [taken(queue) for _ in range(6)] == ["view-v0", "i1", "i2", "view-v1", "view-v2", ""]


def test_the_newest_image_is_taken_first_and_views_from_the_oldest_on(queue: ImageQueues) -> None:
    for number in range(3):
        queue.enqueue_view(f"v{number}")
        queue.enqueue(f"i{number}")
    names = [taken(queue, oldest=False) for _ in range(6)]
    assert names == ["i2", "i1", "i0", "view-v0", "view-v1", "view-v2"]


def test_a_worker_takes_the_oldest_image_at_first_and_every_fourth_time(queue: ImageQueues) -> None:
    for number in range(9):
        queue.enqueue(f"i{number}")
    queues = [queue.thumbnails.rq, queue.views.rq]
    cls = queue_class(queue.lease)
    found = [cls.dequeue_any(queues, None, queue.connection, job_class=ThumbnailJob) for _ in range(9)]
    assert [one[0].id for one in found if one] == [f"i{n}" for n in (0, 8, 7, 6, 1, 5, 4, 3, 2)]


def test_views_between_images_change_nothing_in_whose_turn_it_is(queue: ImageQueues) -> None:
    queues, cls = [queue.thumbnails.rq, queue.views.rq], queue_class(queue.lease)
    found = []
    for number in range(8):  # before each image a view that has waited long
        queue.enqueue_view(f"v{number}")
        job = Job.fetch(view_id(f"v{number}"), connection=queue.connection, serializer=queue.rq.serializer)
        job.meta[SINCE] -= PATIENCE_SECONDS
        job.save_meta()  # type: ignore[no-untyped-call]
        queue.enqueue(f"i{number}")
        queue.enqueue(f"j{number}")
        taken_ = [cls.dequeue_any(queues, None, queue.connection, job_class=ThumbnailJob) for _ in range(2)]
        found += [one[0].id for one in taken_ if one]
    assert found[::2] == [f"view-v{n}" for n in range(8)]
    assert found[1::2] == ["i0", "j1", "j2", "j3", "j0", "j5", "j6", "j7"]


def test_an_image_that_is_tried_again_lets_others_go_first(queue: ImageQueues) -> None:
    queue.enqueue("i")
    queue.enqueue_view("v")
    jobs = [Job.fetch(i, connection=queue.connection, serializer=queue.rq.serializer) for i in ("i", view_id("v"))]
    assert [job.enqueue_at_front_on_retry for job in jobs] == [True, False]  # the ends that are taken last


@pytest.mark.parametrize(
    "meta", [b"", b"\xff", b"[]", b"3", b'{"since": "soon"}', b'{"since": null}', b'{"since": {}}']
)
def test_what_cannot_be_read_of_a_view_keeps_no_job_from_its_turn(queue: ImageQueues, meta: bytes) -> None:
    queue.enqueue_view("v")
    queue.connection.hset(Job.key_for(view_id("v")), "meta", meta)
    queue.enqueue("i")
    assert [taken(queue), taken(queue), taken(queue)] == ["i", "view-v", ""]
    queue.connection.set(queue.views.rq.key, "no list")
    queue.enqueue("j")
    assert taken(queue) == "j"


def test_a_job_is_told_whether_others_wait(queue: ImageQueues) -> None:
    keys = queue.thumbnails.rq.key, queue.views.rq.key
    queue.enqueue_view("v")
    for image_id in ("a", "b"):
        queue.enqueue(image_id)
    found = [take(queue.connection, *keys, None, oldest=True) for _ in range(3)]
    assert [one.others_wait for one in found if one] == [True, False, False]
