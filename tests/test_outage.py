"""Uploads need no Redis: it may hang, refuse writes, be full, or want another password."""

from __future__ import annotations

import os
import signal
import time
from urllib.parse import urlsplit

import pytest
from redis import Redis

from tests.conftest import Gallery, picture, until


def upload_in_time(gallery: Gallery) -> str:
    began = time.monotonic()
    answer = gallery.upload(picture())
    assert answer.status == 201
    assert time.monotonic() - began < 5
    page = gallery.call("GET", "/").body.decode()
    assert "waiting to be made" in page
    assert gallery.call("GET", "/readyz").json["status"] == "ready"
    image_id: str = answer.json["id"]
    return image_id


def test_redis_hangs(gallery: Gallery) -> None:
    process = gallery.processes["redis"].pid
    os.kill(process, signal.SIGSTOP)
    try:
        image_id = upload_in_time(gallery)
    finally:
        os.kill(process, signal.SIGCONT)
    assert gallery.until_ended(image_id, 90)["state"] == "ready"


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ({"maxmemory": "1"}, {"maxmemory": "0"}),
        ({"min-replicas-to-write": "1"}, {"min-replicas-to-write": "0"}),
    ],
    ids=["out of memory", "refuses writes"],
)
def test_redis_takes_no_writes(gallery: Gallery, broken: dict[str, str], mended: dict[str, str]) -> None:
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        for name, value in broken.items():
            redis.config_set(name, value)
        image_id = upload_in_time(gallery)
        for name, value in mended.items():
            redis.config_set(name, value)
    assert gallery.until_ended(image_id, 90)["state"] == "ready"


def test_redis_wants_another_password(gallery: Gallery) -> None:
    right = urlsplit(gallery.environ["REDIS_URL"]).password or ""
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        redis.config_set("requirepass", "another")
        redis.client_kill_filter(skipme=True)
        image_id = upload_in_time(gallery)
        redis.config_set("requirepass", right)
    assert until(lambda: gallery.until_ended(image_id, 90), 90)["state"] == "ready"
