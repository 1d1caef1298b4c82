"""Live changes: told in order, once each, resumed after a cut, never at others' cost."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from pipeline.ids import new_id
from pipeline.queue.events import STREAM
from pipeline.settings import Settings
from pipeline.volume.volume import Volume
from tests.conftest import Gallery, picture, until
from tests.listening import Ear, ear
from web import create_app
from web.live import listeners
from web.live.feed import CLIENT_NAME
from web.live.listeners import Listeners


@pytest.fixture
def web(bare: Gallery) -> Gallery:
    """Redis and web; no worker."""
    bare.start_redis()
    bare.start_web(GALLERY_MAX_LISTENERS="30", GALLERY_WEB_THREADS="4")
    return bare


def test_every_change_is_told_as_the_api_shows_it(gallery: Gallery) -> None:
    with ear(gallery) as one:
        assert one.headers["content-type"].startswith("text/event-stream")
        assert one.headers["cache-control"] == "no-store"
        image_id = gallery.upload(picture()).json["id"]
        records = one.states(image_id)
        assert [record["state"] for record in records][-1] == "ready"
        assert records[0]["state"] == "pending"
        assert any("grid" in record["links"] and record["state"] == "pending" for record in records)
        assert records[-1] == gallery.call("GET", f"/api/images/{image_id}").json
        gallery.call("DELETE", f"/api/images/{image_id}")
        told = one.next()
        assert (told.kind, told.data) == ("deleted", {"id": image_id})


def test_a_listener_resumes_where_it_was_cut_off(web: Gallery) -> None:
    first = web.upload(picture()).json["id"]
    with ear(web) as one:
        second = web.upload(picture()).json["id"]
        told = one.next()
        assert told.data["id"] == second
    missed = [web.upload(picture()).json["id"] for _ in range(3)]
    with ear(web, told.id) as again:
        assert [again.next().data["id"] for _ in range(3)] == missed
    web.stop("web")
    web.start_web()
    with ear(web, told.id) as after_a_restart:
        assert [after_a_restart.next().data["id"] for _ in range(3)] == missed
    with ear(web, "1-1") as lost:
        assert lost.next().kind == "reset"
    assert web.call("GET", "/api/events?since=yesterday").status == 400
    assert first not in missed


def test_a_page_of_images_says_where_to_start_listening(web: Gallery) -> None:
    where = web.call("GET", "/api/images").json["events"]
    image_id = web.upload(picture()).json["id"]
    with ear(web, where) as one:
        assert one.next().data["id"] == image_id


def test_without_redis_there_are_no_events_and_then_a_new_start(web: Gallery) -> None:
    with ear(web) as one:
        web.upload(picture())
        told = one.next()
        web.stop("redis", signal.SIGKILL)
        assert list(one.events()) == []
    answer = web.call("GET", "/api/events")
    assert answer.status == 503
    assert answer.json["code"] == "queue-unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    web.start("redis", "launcher.redis")

    def back() -> Ear | None:
        found = Ear(web, told.id)
        if found.status == 200:
            return found
        found.close()
        return None

    again: Ear = until(back, 30)
    assert again.next().kind == "reset"
    image_id = web.upload(picture()).json["id"]
    assert until(lambda: again.next().data.get("id") == image_id, 10)
    again.close()


def test_an_emptied_redis_makes_listeners_start_anew(web: Gallery) -> None:
    with ear(web) as one:
        web.upload(picture())
        told = one.next()
        with Redis.from_url(web.environ["REDIS_URL"]) as redis:
            redis.flushall()
        assert one.next().kind == "reset"
    with ear(web, told.id) as again:
        assert again.next().kind == "reset"


def strays(image_id: str, record: dict[str, Any]) -> dict[str, dict[Any, Any]]:
    """Entries that are no events of ours, by what is wrong with them."""
    other = {**record, "id": new_id()}
    return {
        "no field that we know": {"x": "y"},
        "an id that is not UTF-8": {"id": b"\xff\xfe", "record": json.dumps(record)},
        "an id that is none": {"id": "../../etc", "deleted": "1"},
        "an id and no more": {"id": image_id},
        "a record of no volume": {"id": image_id, "record": json.dumps(record)},
        "an empty record": {"id": image_id, "record": ""},
        "a record that is not JSON": {"id": image_id, "record": b"\x80\x04pickle"},
        "a record that is a list": {"id": image_id, "record": "[]"},
        "a record that is nested too deeply": {"id": image_id, "record": "[" * 10_000},
        "a record without most of it": {"id": image_id, "record": json.dumps({"id": image_id})},
        "a record of wrong types": {"id": image_id, "record": json.dumps({**record, "renditions": 5, "notes": 7})},
        "a record of another image": {"id": image_id, "record": json.dumps(other)},
        "a huge record": {"id": image_id, "record": json.dumps({**record, "name": "x" * 3_000_000})},
    }


def test_an_entry_that_cannot_be_read_is_a_gap_and_the_events_go_on(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.start_redis()
    bare.start_web()
    record = bare.upload(picture()).json
    image_id = record["id"]
    with Redis.from_url(bare.environ["REDIS_URL"]) as redis:
        volume = Volume(bare.data).id
        for what, fields in strays(image_id, record).items():
            with ear(bare) as one:
                tag = {} if what == "a record of no volume" else {"volume": volume}
                redis.xadd(STREAM, {**fields, **tag})
                assert one.next().kind == "reset", what
                uploaded = bare.upload(picture()).json["id"]
                told = one.next()
                assert (told.kind, told.data["id"]) == ("image", uploaded), what
        for fields in strays(image_id, record).values():
            redis.xadd(STREAM, {**fields, "volume": volume})
    bare.stop("web")
    bare.start_web()
    with ear(bare) as one:
        uploaded = bare.upload(picture()).json["id"]
        assert one.next().data["id"] == uploaded
    assert bare.call("GET", "/api/images").json["events"]
    assert "Traceback" not in bare.log.read_text()


def test_a_record_of_a_newer_release_is_told_as_far_as_it_is_understood(web: Gallery) -> None:
    record = web.upload(picture()).json
    newer = {key: value for key, value in record.items() if key != "links"}
    newer |= {"version": 99, "state": "dreaming", "mood": {"good": True}}
    with ear(web) as one, Redis.from_url(web.environ["REDIS_URL"]) as redis:
        volume = Volume(web.data).id
        redis.xadd(STREAM, {"id": record["id"], "record": json.dumps(newer), "volume": volume, "mood": "1"})
        told = one.next()
    assert (told.kind, told.data["state"]) == ("image", "dreaming")


@pytest.mark.parametrize("what", ["a string", "a list", "a stream at its end"])
def test_whatever_lies_in_the_place_of_the_events_is_replaced(web: Gallery, what: str) -> None:
    with Redis.from_url(web.environ["REDIS_URL"]) as redis, ear(web) as one:
        with redis.pipeline() as pipeline:
            if what == "a stream at its end":
                pipeline.xadd(STREAM, {"gap": "1"}, id=f"{2**64 - 1}-{2**64 - 1}")
            else:
                pipeline.delete(STREAM)
                pipeline.set(STREAM, "x") if what == "a string" else pipeline.rpush(STREAM, "x")
            pipeline.execute()
        kinds = []
        while "image" not in kinds:
            web.upload(picture())
            kinds.append(one.next().kind)
        assert kinds[0] == "reset"
        assert redis.type(STREAM) == b"stream"
        last = one.last
    with ear(web, last) as again:
        image_id = web.upload(picture()).json["id"]
        while (told := again.next()).data.get("id") != image_id:
            assert told.kind == "image"


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
    until(lambda: web.call("HEAD", "/api/events").status == 200, 10)
    with ear(web) as one:
        assert one.status == 200


def test_who_was_away_for_long_is_told_to_start_anew(web: Gallery) -> None:
    image_id = web.upload(picture()).json["id"]
    told = {"id": image_id, "deleted": "1", "volume": Volume(web.data).id}
    with ear(web) as one, Redis.from_url(web.environ["REDIS_URL"]) as redis:
        seen = [redis.xadd(STREAM, told).decode() for _ in range(250)]
        while one.last != seen[-1]:
            one.next()
    with ear(web, seen[-151]) as briefly_away:
        assert [briefly_away.next().id for _ in range(150)] == seen[-150:]
    with ear(web, seen[0]) as long_away:
        assert long_away.next().kind == "reset"
        uploaded = web.upload(picture()).json["id"]
        assert long_away.next().data["id"] == uploaded


def test_one_caller_has_only_its_share_of_listeners(bare: Gallery) -> None:
    bare.start_redis()
    bare.start_web(GALLERY_CLIENT_LISTENERS="3", GALLERY_TRUSTED_PROXIES="127.0.0.1")
    mine, others = {"X-Forwarded-For": "2001:db8::1"}, {"X-Forwarded-For": "2001:db8:0:1::1"}
    ears = [Ear(bare, headers="X-Forwarded-For: 2001:db8::2\r\n") for _ in range(3)]
    refused = bare.call("GET", "/api/events", headers=mine)
    assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (503, "too-many-listeners", "30")
    assert bare.call("HEAD", "/api/events", headers=others).status == 200
    for one in ears:
        one.close()
    until(lambda: bare.call("HEAD", "/api/events", headers=mine).status == 200, 20)


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
        until(lambda: len(all_of_them) == 100, 20)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        for _ in range(400):  # now they are too far behind
            all_of_them.say(secrets.token_bytes(2000))
        until(lambda: len(all_of_them) == 0, 20)
        assert sorted(gone) == list(range(100))
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
    all_of_them = Listeners()
    all_of_them.start()
    slow, slow_end = socket.socketpair()
    quick, quick_end = socket.socketpair()
    all_of_them.add(slow, b"hello")
    all_of_them.add(quick, b"hello")
    heard = bytearray()
    size = 5 + 200 * 10_000

    def listen() -> None:
        while len(heard) < size:
            heard.extend(quick_end.recv(1 << 20))

    thread = threading.Thread(target=listen)
    thread.start()
    for _ in range(200):
        all_of_them.say(b"x" * 10_000)
        time.sleep(0.001)
    thread.join(30)
    assert len(heard) == size
    assert until(lambda: len(all_of_them) == 1, 10)
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
    assert until(lambda: len(all_of_them) == 0, 10)


def test_another_server_than_gunicorn_streams_too(web: Gallery, tmp_path: Path) -> None:
    settings = Settings.from_environment({**web.environ, "GALLERY_DATA": str(tmp_path / "data")})
    client = create_app(settings).test_client()
    answer = client.get("/api/events", buffered=False)
    assert answer.status_code == 200
    stream = iter(answer.response)
    assert b"retry:" in next(stream)
    answer.close()
