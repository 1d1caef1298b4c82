"""A picture that kills its decoder or its worker, or never ends, is failed after three attempts; others go on."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from functools import partial

from redis import Redis

from tests.conftest import Gallery, picture, until
from tests.product import renderers


def test_a_picture_that_kills_its_renderer_is_tried_three_times_and_then_failed(gallery: Gallery) -> None:
    gallery.stop("worker.2")
    stopped = threading.Event()

    def kill_renderers() -> None:
        while not stopped.wait(0.02):
            for pid in renderers(gallery, "worker.1"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_renderers)
    killer.start()
    try:
        record = gallery.until_ended(gallery.upload(picture("JPEG", (2000, 2000)), "poison.jpg").json["id"], 90)
    finally:
        stopped.set()
        killer.join()
    assert (record["state"], record["attempts"], record["reason"]["code"]) == ("failed", 3, "killed-its-worker")
    assert "tried 3 times" in record["reason"]["message"]
    other = gallery.upload(picture()).json["id"]
    assert gallery.until_ended(other)["state"] == "ready"
    assert gallery.call("POST", f"/api/images/{record['id']}/retry").status == 202
    assert gallery.until_ended(record["id"])["state"] == "ready"


def attempts_are(gallery: Gallery, image_id: str, number: int) -> bool:
    return bool(gallery.call("GET", f"/api/images/{image_id}").json["attempts"] == number)


def test_a_picture_that_kills_the_worker_itself_is_counted_though_redis_forgets_it(gallery: Gallery) -> None:
    gallery.stop("worker.2")
    gallery.stop("worker.1")
    poison = gallery.upload(picture("PNG", (9000, 8000)), "poison.png").json["id"]
    for attempt in (1, 2, 3):
        gallery.start("worker.1", "worker")
        until(partial(attempts_are, gallery, poison, attempt), 60, 0.01)
        gallery.stop("worker.1", signal.SIGKILL)
        with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
            redis.flushall()
    gallery.start("worker.1", "worker")
    record = gallery.until_ended(poison, 90)
    assert (record["state"], record["attempts"], record["reason"]["code"]) == ("failed", 3, "killed-its-worker")
    assert gallery.call("POST", f"/api/images/{poison}/retry").status == 202
    assert gallery.until_ended(poison, 90)["state"] == "ready"


def test_a_decoder_that_never_ends_is_stopped_and_counts_the_same_way(gallery: Gallery) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    gallery.start("worker.1", "worker", GALLERY_JOB_TIMEOUT="6")
    stopped = threading.Event()

    def freeze_renderers() -> None:
        while not stopped.wait(0.02):
            for pid in renderers(gallery, "worker.1"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)

    freezer = threading.Thread(target=freeze_renderers)
    freezer.start()
    try:
        record = gallery.until_ended(gallery.upload(picture(), "endless.png").json["id"], 90)
    finally:
        stopped.set()
        freezer.join()
    assert (record["state"], record["attempts"], record["reason"]["code"]) == ("failed", 3, "took-too-long")
    assert "6 seconds" in record["reason"]["message"]
    assert gallery.until_ended(gallery.upload(picture()).json["id"])["state"] == "ready"
