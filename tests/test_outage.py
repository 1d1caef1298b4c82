"""Uploads need no Redis: it may be gone, hang, refuse writes, be full, be a replica, or want another password."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.conftest import Gallery, picture, until

Play = Callable[[Gallery], None]


def killed(gallery: Gallery) -> None:
    gallery.stop("redis", signal.SIGKILL)


def started(gallery: Gallery) -> None:
    gallery.start("redis", "launcher.redis")


def hanging(gallery: Gallery) -> None:
    os.kill(gallery.processes["redis"].pid, signal.SIGSTOP)


def going_on(gallery: Gallery) -> None:
    os.kill(gallery.processes["redis"].pid, signal.SIGCONT)


def configure(**settings: str) -> Play:
    def play(gallery: Gallery) -> None:
        with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
            for name, value in settings.items():
                redis.config_set(name.replace("_", "-"), value)

    return play


def replica(gallery: Gallery) -> None:
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        redis.replicaof("127.0.0.1", 1)


def primary(gallery: Gallery) -> None:
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        redis.replicaof("NO", "ONE")


def relocked(gallery: Gallery) -> None:
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        redis.config_set("requirepass", "another")
        redis.client_kill_filter(skipme=True)


def unlocked(gallery: Gallery) -> None:
    address = urlsplit(gallery.environ["REDIS_URL"])
    with suppress(RedisError), Redis(host=address.hostname or "", port=address.port or 0, password="another") as redis:
        redis.config_set("requirepass", address.password or "")


def upload(gallery: Gallery) -> tuple[float, str]:
    """How long an upload took, in seconds, and the id of the image."""
    data = picture()
    began = time.monotonic()
    answer = gallery.upload(data)
    took = time.monotonic() - began
    assert answer.status == 201
    return took, answer.json["id"]


OUTAGES: dict[str, tuple[Play, Play]] = {
    "gone": (killed, started),
    "hangs": (hanging, going_on),
    "out of memory": (configure(maxmemory="1"), configure(maxmemory="0")),
    "refuses writes": (configure(min_replicas_to_write="1"), configure(min_replicas_to_write="0")),
    "read-only": (replica, primary),
    "wants another password": (relocked, unlocked),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_uploads_are_taken_and_their_thumbnails_made_later(gallery: Gallery, outage: str) -> None:
    breaks, mends = OUTAGES[outage]
    before, earlier = zip(*(upload(gallery) for _ in range(5)), strict=True)
    healthy = max(before)
    for image_id in earlier:  # so that no worker takes the processor from what is timed
        assert gallery.until_ended(image_id)["state"] == "ready"
    breaks(gallery)
    try:
        took, ids = zip(*(upload(gallery) for _ in range(5)), strict=True)
        print(f"{outage}: {max(took) * 1000:.0f} ms at most, {healthy * 1000:.0f} ms before")
        # one more second than a healthy one, and room for a busy machine
        assert max(took) < healthy + 3
        page = gallery.call("GET", "/").body.decode()
        assert "waiting for a picture" in page
        assert "The queue can’t be reached" in page
        ready = gallery.call("GET", "/readyz")
        assert (ready.status, ready.json["status"]) == (200, "ready")
        assert "unreachable" in ready.json["queue"]
        assert gallery.call("GET", "/api/status").json["queue"] is None
    finally:
        mends(gallery)
    for image_id in ids:
        assert gallery.until_ended(image_id, 90)["state"] == "ready"
    until(lambda: gallery.call("GET", "/readyz").json["queue"] == "ok", 60)
    until(lambda: "The queue can’t be reached" not in gallery.call("GET", "/").body.decode(), 60)
