"""Listeners to the events: what they cost, their shares, and those that are slow."""

from __future__ import annotations

import secrets
import socket
import time
import tracemalloc
from pathlib import Path

import pytest
from redis import Redis

from pipeline.settings import Settings
from tests.conftest import Gallery, picture, until
from tests.listening import Ear, ear, until_it_listens
from tests.listening import web as web  # the fixture
from web import create_app
from web.live import listeners
from web.live.feed import CLIENT_NAME
from web.live.listeners import Listeners


def test_many_listeners_cost_one_connection_to_redis_and_no_threads(web: Gallery) -> None:
    ears = [Ear(web) for _ in range(30)]
    assert {one.status for one in ears} == {200}
    refused = web.call("GET", "/api/events")
    assert (refused.status, refused.json["code"]) == (503, "too-many-listeners")
    with Redis.from_url(web.environ["REDIS_URL"]) as redis:
        names = [client["name"] for client in redis.client_list()]
    assert names.count(CLIENT_NAME) == 1
    assert b"\ngallery_event_listeners 30.0\n" in web.call("GET", "/metrics").body
    image_id = web.upload(picture()).json["id"]
    assert {one.next().data["id"] for one in ears} == {image_id}
    for one in ears:
        one.close()
    until(lambda: web.call("HEAD", "/api/events").status == 200, 60)
    with ear(web) as one:
        assert one.status == 200


def test_one_caller_has_only_its_share_of_listeners(bare: Gallery) -> None:
    bare.start_redis()
    bare.start_web(GALLERY_CLIENT_LISTENERS="3", GALLERY_TRUSTED_PROXIES="127.0.0.1")
    until_it_listens(bare)
    mine, others = {"X-Forwarded-For": "2001:db8::1"}, {"X-Forwarded-For": "2001:db8:0:1::1"}
    ears = [Ear(bare, headers="X-Forwarded-For: 2001:db8::2\r\n") for _ in range(3)]
    refused = bare.call("GET", "/api/events", headers=mine)
    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (503, "too-many-listeners", "30")
    assert bare.call("HEAD", "/api/events", headers=others).status == 200
    for one in ears:
        one.close()
    until(lambda: bare.call("HEAD", "/api/events", headers=mine).status == 200, 60)


def test_what_listeners_do_not_take_is_held_once_for_all() -> None:
    all_of_them, gone = Listeners(), list[int]()
    all_of_them.start()
    missed, pairs = [secrets.token_bytes(2000) for _ in range(200)], [socket.socketpair() for _ in range(100)]
    tracemalloc.start()
    try:
        for number, (ours, _) in enumerate(pairs):
            all_of_them.add(ours, b"hello", missed, lambda number=number: gone.append(number))  # type: ignore[misc]
        for _ in range(400):
            all_of_them.say(secrets.token_bytes(2000))
        until(lambda: len(all_of_them) == 100, 60)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        for _ in range(400):  # now they are too far behind
            all_of_them.say(secrets.token_bytes(2000))
        until(lambda: len(gone) == 100, 60)
        assert sorted(gone) == list(range(100))
        assert len(all_of_them) == 0
    finally:
        tracemalloc.stop()
        for pair in pairs:
            pair[1].close()


def test_open_streams_do_not_hold_up_the_stop(web: Gallery) -> None:
    ears = [Ear(web) for _ in range(5)]
    began = time.monotonic()
    assert web.stop("web") == 0
    assert time.monotonic() - began < 15
    for one in ears:
        assert list(one.events()) == []
        one.close()


def test_a_slow_listener_is_hung_up_on_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "_MOST_WAITING", 100_000)
    monkeypatch.setattr(listeners, "HEARTBEAT_SECONDS", 600)  # what is heard is counted to the byte
    all_of_them = Listeners()
    all_of_them.start()
    slow, slow_end = socket.socketpair()
    quick, quick_end = socket.socketpair()
    all_of_them.add(slow, b"hello")
    all_of_them.add(quick, b"hello")
    quick_end.settimeout(60)
    heard = 0
    for said in range(200):
        all_of_them.say(b"x" * 10_000)
        while heard < 5 + (said + 1) * 10_000:
            heard += len(received := quick_end.recv(1 << 20))
            assert received
    assert heard == 5 + 200 * 10_000
    assert until(lambda: len(all_of_them) == 1, 60)
    all_of_them.hang_up()
    assert quick_end.recv(1) == b""
    for end in (slow_end, quick_end):
        end.close()


def test_silence_is_broken_by_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "HEARTBEAT_SECONDS", 0.2)
    all_of_them = Listeners()
    all_of_them.start()
    ours, theirs = socket.socketpair()
    all_of_them.add(ours, b"")
    theirs.settimeout(10)
    assert theirs.recv(3) == listeners.HEARTBEAT
    theirs.close()
    assert until(lambda: len(all_of_them) == 0, 60)


def test_another_server_than_gunicorn_streams_too(web: Gallery, tmp_path: Path) -> None:
    settings = Settings.from_environment({**web.environ, "GALLERY_DATA": str(tmp_path / "data")})
    client = create_app(settings).test_client()
    until(lambda: client.head("/api/events").status_code == 200, 60)
    answer = client.get("/api/events", buffered=False)
    assert answer.status_code == 200
    stream = iter(answer.response)
    assert b"retry:" in next(stream)
    answer.close()
