"""The operators' page: what it says of queues, workers, failures and sweeps, who may see it, and what it costs."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from pipeline.queue import sweeps
from pipeline.queue.connection import connect
from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.jobs import RESULT_SECONDS
from pipeline.queue.lease import Lease
from tests.pictures import picture, undecodable
from tests.product import Gallery, until
from tests.tokens import ADMIN, READ, TOKENS, UPLOAD, bearer
from web.overview import MOST_FAILURES, TimedCache


def page(gallery: Gallery) -> str:
    answer = gallery.call("GET", "/status")
    assert answer.status == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.body.decode()))


def test_an_operator_sees_queues_failures_by_reason_and_sweeps(gallery: Gallery) -> None:
    for n in range(3):
        gallery.until_ended(gallery.upload(picture(), f"good-{n}.png").json["id"])
    for n in range(2):
        gallery.until_ended(gallery.upload(undecodable("PNG", (300 + n, 200)), f"bad-{n}.png").json["id"])
    text = until(lambda: (found := page(gallery)) and "Done in 15 min 3" in found and found, 60)
    assert "Everything is running." in text
    assert "Workers 2" in text
    assert "Failed 2" in text
    assert re.search(r"2 No picture can be made of this file cannot-be-decoded Last: bad-1.png", text)
    until(lambda: re.search(r"nothing, \d+ times in a row", page(gallery)), 60)


def test_what_a_worker_has_in_hand_is_named(gallery: Gallery) -> None:
    image_id = gallery.upload(picture(), "held.png").json["id"]
    gallery.until_ended(image_id)
    gallery.stop("worker.2")
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:

        def hold() -> bool:
            (key, *_) = redis.smembers("rq:workers:views")
            redis.hset(key, mapping={"current_job": f"view-{image_id}", "state": "busy"})
            return re.search(r"held.png large view", page(gallery)) is not None

        until(hold, 60)


def test_without_workers_and_without_redis_the_page_says_so(gallery: Gallery) -> None:
    image_id = gallery.upload(picture(), "a.png").json["id"]
    gallery.until_ended(image_id)
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    gallery.upload(picture(), "waits.png")
    text = until(lambda: (found := page(gallery)) and "No worker is running" in found and found, 60)
    assert "their pictures wait until one is started" in text
    assert re.search(r"First pictures 1 waiting", text)
    assert re.search(r"Outbox 1 not at their end Without a picture 1", text)
    gallery.stop("redis")
    text = until(lambda: (found := page(gallery)) and "Redis does not answer" in found and found, 60)
    assert re.search(r"Outbox 1 not at their end", text)


def test_a_reason_is_retried_and_the_others_are_left(gallery: Gallery) -> None:
    first = gallery.upload(undecodable("PNG"), "bad.png").json["id"]
    other = gallery.upload(picture()[:200], "cut.png").json["id"]
    ended = {image_id: gallery.until_ended(image_id)["finished_at"] for image_id in (first, other)}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert gallery.call("POST", "/status/retry", b"code=cannot-be-decoded", form).status == 200
    until(lambda: gallery.until_ended(first)["finished_at"] != ended[first], 60)
    assert gallery.until_ended(other)["finished_at"] == ended[other]
    assert gallery.call("POST", "/status/retry", b"", form).status == 400


def test_only_admins_see_it_and_retry(bare: Gallery) -> None:
    bare.start("web", "web", GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    statuses = [bare.call("GET", "/status", headers=bearer(token)).status for token in (READ, UPLOAD, ADMIN)]
    assert statuses == [403, 403, 200]
    assert bare.call("GET", "/status", headers={"Accept": "application/json"}).status == 401
    assert bare.call("POST", "/status/retry", b"code=x", {**form, **bearer(UPLOAD)}).status == 403
    assert 'href="/status"' in bare.call("GET", "/", headers=bearer(ADMIN)).body.decode()
    assert 'href="/status"' not in bare.call("GET", "/", headers=bearer(READ)).body.decode()


def test_jobs_done_are_counted_by_minute_and_older_ones_are_not(bare: Gallery) -> None:
    bare.start_redis()
    bare.start_web()
    with Redis.from_url(bare.environ["REDIS_URL"]) as redis:
        now = time.time() + RESULT_SECONDS
        ages = {"a": 5, "b": 6, "c": 65, "d": 14 * 60 + 30, "e": 15 * 60 + 5}
        redis.zadd("rq:finished:thumbnails", {name: now - age for name, age in ages.items()})
        counts = until(lambda: re.search(r"Jobs done[^:]*: ([\d, ]+)", bare.call("GET", "/status").body.decode()), 60)
    assert counts[1] == "1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2"


def test_what_sweeps_found_is_kept_and_quiet_ones_are_one_entry(bare: Gallery) -> None:
    bare.start_redis()
    url = bare.environ["REDIS_URL"]
    lease = Lease(connect(url, timeout=5), lambda: "01a0-volume")
    lease.renew()
    queue = ImageQueues(connect(url, timeout=5), 20, lease)
    for found in ({}, {"enqueued": 0}, {"enqueued": 3}, {}, {}, {}):
        sweeps.report(queue, 0.01, "w", found)
    assert [(one.found, one.times) for one in sweeps.recent(queue)] == [({}, 3), ({"enqueued": 3}, 1), ({}, 2)]
    for n in range(2 * sweeps.MOST):
        sweeps.report(queue, 0.01, "w", {"drafts": n + 1})
    queue.connection.lpush(sweeps.SWEEPS, b"\xff{", b"[]", b'{"found": {}}')
    assert len(sweeps.recent(queue)) == sweeps.MOST - 3


@pytest.mark.parametrize("callers", [8])
def test_a_value_is_read_once_however_many_ask(callers: int) -> None:
    reads: list[int] = []

    def read() -> int:
        reads.append(1)
        time.sleep(0.05)
        return len(reads)

    kept: TimedCache[Any] = TimedCache(read, 60)
    with ThreadPoolExecutor(callers) as pool:
        assert set(pool.map(lambda _: kept.get(), range(callers))) == {1}
    kept.drop()
    assert kept.get() == 2


def test_the_failures_that_are_read_are_bounded(bare: Gallery) -> None:
    """However many have failed, the newest are read, and the page says of how many."""
    bare.start_redis()
    bare.start_web()
    image_id = bare.upload(picture(), "a.png").json["id"]
    failed = bare.data / "failed"
    for n in range(MOST_FAILURES + 50):
        (failed / f"{image_id[:-6]}{n:06x}").touch()
    until(lambda: f"Failed {MOST_FAILURES + 50}" in page(bare), 60)
    assert "gallery doctor" in page(bare)
