"""Live changes: told in order, once each, resumed after a cut, never at others' cost."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest
from redis import Redis

from pipeline.ids import new_id
from pipeline.queue.events import STREAM
from pipeline.volume.volume import Volume
from tests.conftest import Gallery, picture, until
from tests.listening import Ear, ear, until_heard
from tests.listening import web as web  # the fixture
from tests.pictures import undecodable


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


def test_news_of_an_upload_never_comes_after_that_of_its_end(gallery: Gallery) -> None:
    ids = [gallery.upload(undecodable("PNG", (30, 20 + n)), f"{n}.png").json["id"] for n in range(15)]
    for image_id in ids:
        gallery.until_ended(image_id)
    assert gallery.call("POST", "/api/retry-failed").status == 202
    redis: Any = Redis.from_url(gallery.environ["REDIS_URL"])

    def told() -> list[str]:
        last = {
            fields[b"id"].decode(): json.loads(fields[b"record"])
            for _, fields in redis.xrange(STREAM)
            if b"record" in fields
        }
        return [last[image_id]["state"] for image_id in ids]

    until(lambda: set(told()) == {"failed"}, 60)
    redis.close()


def test_a_listener_resumes_where_it_was_cut_off(web: Gallery) -> None:
    first = web.upload(picture()).json["id"]
    until_heard(web)
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

    again: Ear = until(back, 60)
    assert again.next().kind == "reset"
    image_id = web.upload(picture()).json["id"]
    assert until(lambda: again.next().data.get("id") == image_id, 60)
    again.close()


@pytest.mark.parametrize("what", ["a deletion", "an upload", "an upload that takes too long"])
def test_a_page_hears_of_a_lost_event_though_nothing_else_happens(web: Gallery, what: str) -> None:
    image_id = web.upload(picture()).json["id"]
    until_heard(web)
    with Redis.from_url(web.environ["REDIS_URL"]) as redis, ear(web) as one:
        if what == "a deletion":
            redis.config_set("min-replicas-to-write", "1")
            assert web.call("DELETE", f"/api/images/{image_id}").status == 204
            redis.config_set("min-replicas-to-write", "0")
        elif what == "an upload":
            redis.execute_command("ACL", "SETUSER", "default", "-xadd")
            assert web.upload(picture()).status == 201
            redis.execute_command("ACL", "SETUSER", "default", "+xadd")
        else:
            redis.execute_command("CLIENT", "PAUSE", "2000", "WRITE")
            assert web.upload(picture()).status == 201
        assert one.next().kind == "reset"


def test_no_page_reloads_because_a_job_was_not_taken(web: Gallery) -> None:
    web.upload(picture())
    until_heard(web)
    with Redis.from_url(web.environ["REDIS_URL"]) as redis, ear(web) as one:
        redis.execute_command("ACL", "SETUSER", "default", "-lpush", "-rpush")
        ids = [web.upload(picture()).json["id"]]
        time.sleep(7)  # longer than until the lease is renewed
        redis.execute_command("ACL", "SETUSER", "default", "+lpush", "+rpush")
        ids.append(web.upload(picture()).json["id"])
        assert [one.next().data.get("id") for _ in ids] == ids
        assert web.queue()["waiting"] == 2  # the first upload's job and the last one's


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
    until_heard(bare)
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
        while (told := one.next()).data.get("state") != "dreaming":
            pass  # of the upload
    assert told.kind == "image"


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
