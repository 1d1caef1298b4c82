"""Each caller has its share of connections, requests and uploads, and no more."""

from __future__ import annotations

import os
import socket
import time

import pytest

from tests.conftest import Gallery, picture, until
from tests.raw_http import HEAD, POST, speak, status


def test_one_address_takes_only_its_share_of_connections(bare: Gallery) -> None:
    bare.start_web(GALLERY_CLIENT_CONNECTIONS="20")
    held = [socket.create_connection(("127.0.0.1", bare.port), 30, source_address=("127.0.0.3", 0)) for _ in range(20)]
    for connection in held:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    try:
        time.sleep(0.5)
        assert status(speak(bare, HEAD + b"\r\n", source="127.0.0.3")) == 429
        assert bare.call("GET", "/api/images").status == 200
    finally:
        for connection in held:
            connection.close()
    until(lambda: status(speak(bare, HEAD + b"\r\n", source="127.0.0.3")) == 200, 60)


def test_behind_a_proxy_callers_are_told_apart_by_what_it_says(bare: Gallery) -> None:
    bare.start(
        "web", "web", GALLERY_TRUSTED_PROXIES="127.0.0.1", GALLERY_CLIENT_CONNECTIONS="3", GALLERY_SLOW_SECONDS="20"
    )
    until(lambda: bare.call("GET", "/readyz").status == 200, 60)
    head = POST + b"X-Forwarded-For: 203.0.113.7\r\nContent-Length: 9000\r\n\r\n\x89PNG\r\n\x1a\n"
    held = [socket.create_connection(("127.0.0.1", bare.port), 30) for _ in range(3)]
    try:
        for connection in held:
            connection.sendall(head)
        until(lambda: len(os.listdir(bare.data / "incoming")) == 3, 60)
        mine = bare.call("GET", "/api/images", headers={"X-Forwarded-For": "203.0.113.7"})
        assert (mine.status, mine.json["code"], mine.headers["Retry-After"]) == (429, "too-many-at-once", "2")
        assert bare.call("GET", "/api/images", headers={"X-Forwarded-For": "203.0.113.8"}).status == 200
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize("redis", [True, False], ids=["redis", "no redis"])
def test_callers_are_held_to_their_rate_and_told_when_to_come_again(bare: Gallery, redis: bool) -> None:
    if redis:
        bare.start("redis", "launcher.redis")
    bare.start_web(GALLERY_UPLOADS_PER_MINUTE="5", GALLERY_REQUESTS_PER_MINUTE="50")
    answers = [bare.upload(picture()) for _ in range(7)]
    assert [answer.status for answer in answers] == [201] * 5 + [429] * 2
    assert answers[-1].json["code"] == "too-many-requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert bare.call("GET", "/api/images").status == 200
    assert [bare.call("GET", "/api/images").status for _ in range(60)][-1] == 429
    assert bare.call("GET", "/healthz").status == 200
