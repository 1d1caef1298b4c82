"""Records across releases: what another release wrote is kept, shown as far as it is understood, and left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.errors import MadeByNewerRelease
from pipeline.ids import made_at
from pipeline.images.view_format import ViewFormat
from pipeline.records import VERSION, PublicRecord, Record, State, StoredRendition
from pipeline.store import NothingToDo, Store
from pipeline.store.cleanup import cleanup
from pipeline.store.regeneration import Which, is_wanted, regenerating
from pipeline.times import format_rfc3339
from tests.conftest import Gallery, picture, until
from tests.product import Answer
from tests.stores import accept, make

FROM_0_1 = (
    b'{"id":"0199f1f4-7f20-7d50-9d1c-6f0a8ad0b7d1","name":"a.png","format":"png","bytes":4,"width":3,"height":2,'
    b'"sha256":"ab","received_at":"2026-10-17T09:30:00.000Z","state":"failed","reason":{"code":"c","message":"m"},'
    b'"attempts":1,"queued_at":null,"started_at":null,"finished_at":null,"worker":null,"animated":false,"frames":1,'
    b'"duration_ms":0,"placeholder":null,"color":null,"recipe":null,"notes":["n"],'
    b'"renditions":{"grid":{"width":3,"height":2,"bytes":5}}}'
)
NEWER: list[dict[str, Any]] = [{"state": "archived"}, {"version": VERSION + 1}, {"format": "jxl"}]


def rewrite(path: Path, **changes: Any) -> bytes:
    data = json.dumps({**json.loads(path.read_bytes()), **changes}).encode()
    path.write_bytes(data)
    return data


def test_a_record_of_release_0_1_is_of_version_1() -> None:
    record = Record.from_json(FROM_0_1)
    assert (record.version, record.is_newer) == (1, False)
    assert record.renditions == {"grid": StoredRendition(3, 2, 5)}
    assert json.loads(record.to_json()) == {
        **json.loads(FROM_0_1),
        "version": 1,
        "kind": None,
        "renditions": {"grid": {"width": 3, "height": 2, "bytes": 5, "sha256": None, "format": "webp"}},
    }


def test_keys_of_another_release_are_written_back_at_every_level() -> None:
    raw = json.loads(FROM_0_1)
    raw["unknown"] = {"album": 1}
    raw["unknown_renditions"] = raw["größe"] = 123456789012345678901234567890
    raw["reason"]["hint"] = ["x", {"y": 0.1}]
    raw["renditions"]["grid"] |= {"codec": "vp8", "unknown": None, "sha256": None, "format": "webp"}
    raw["renditions"]["tiny"] = "elsewhere"
    record = Record.from_json(json.dumps(raw).encode())
    assert not record.is_newer
    assert json.loads(record.to_json()) == {**raw, "version": 1, "kind": None}
    changed = json.loads(record.with_(state=State.PENDING, reason=None, renditions={}).to_json())
    assert changed["renditions"] == {"tiny": "elsewhere"}
    assert {key: changed[key] for key in ("unknown", "unknown_renditions", "größe")} == {
        key: raw[key] for key in ("unknown", "unknown_renditions", "größe")
    }
    shown = msgspec.to_builtins(PublicRecord(**record.public()))
    added = {"version", "kind", "taken_at", "camera", "lens", "exposure"}
    assert set(shown) == {*json.loads(FROM_0_1), *added}
    assert set(shown["reason"]) == {"code", "message"}
    assert shown["renditions"] == {"grid": {"width": 3, "height": 2, "bytes": 5, "sha256": None, "format": "webp"}}


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b"null", b"\x00" * 300, FROM_0_1[:-9], FROM_0_1.replace(b'"bytes":4', b'"bytes":"4"'),
     FROM_0_1.replace(b'"state":"failed"', b'"state":7'), FROM_0_1.replace(b"{", b'{"version":"2",', 1),
     FROM_0_1.replace(b"{", b'{"newer":' + b"[" * 9999 + b"]" * 9999 + b",", 1),
     b'{"version":2}', b'{"version":2,"id":"../../etc"}'],
)  # fmt: skip
def test_what_is_no_record_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kinds
        Record.from_json(data)


def test_a_newer_version_is_read_as_far_as_it_is_understood() -> None:
    raw = json.loads(FROM_0_1)
    raw |= {"version": 7, "name": {"text": "a"}, "renditions": ["grid.avif"], "reason": "broken", "state": None}
    del raw["received_at"]
    record = Record.from_json(json.dumps(raw).encode())
    assert record.is_newer
    assert (record.name, record.width, record.received_at) == ("", 3, format_rfc3339(made_at(record.id)))
    assert (record.renditions, record.reason) == ({}, None)


def test_an_unknown_format_leads_nowhere_else() -> None:
    record = Record.from_json(FROM_0_1.replace(b'"png"', b'"/../../../secret"'))
    assert record.is_newer
    assert record.original == "original.unknown"


def test_a_rendition_is_recorded_with_the_hash_of_its_file(store: Store) -> None:
    image_id = accept(store, picture())
    make(store, image_id)
    for name, info in store.get(image_id).renditions.items():
        data = store.layout.rendition(image_id, name).read_bytes()
        assert info == StoredRendition.of(data, info.width, info.height)
        assert info.sha256 is not None


@pytest.mark.parametrize("newer", NEWER)
@pytest.mark.parametrize("state", ["pending", "failed", "ready"])
def test_what_a_newer_release_made_is_not_touched(store: Store, newer: dict[str, Any], state: str) -> None:
    image_id = accept(store, picture())
    store.layout.failure(image_id).touch()
    if state == "ready":
        make(store, image_id)
        store.layout.marker(image_id).touch()
        store.layout.rendition(image_id, "view").write_bytes(b"")
    before = rewrite(store.layout.record(image_id), **{"state": state, **newer})
    names = [path.relative_to(store.layout.root) for path in sorted(store.layout.root.rglob("*"))]
    with pytest.raises(NothingToDo):
        make(store, image_id)
    with pytest.raises(NothingToDo), regenerating(store, image_id):
        pass
    assert not is_wanted(store, image_id, Which.ALL, ViewFormat.AUTO)
    for again in (store.retry, store.render_anew):
        with pytest.raises(MadeByNewerRelease):
            again(image_id)
    cleanup(store.volume)
    assert [path.relative_to(store.layout.root) for path in sorted(store.layout.root.rglob("*"))] == names
    assert store.layout.record(image_id).read_bytes() == before
    assert [record.id for record in store.page().records] == [image_id]
    store.delete(image_id)
    assert list(store.layout.images.iterdir()) == []


def test_page_api_and_files_bear_what_a_newer_release_made(gallery: Gallery) -> None:
    image_id = gallery.upload(picture()).json["id"]
    gallery.until_ended(image_id)
    record = next(gallery.data.glob(f"images/*/*/{image_id}/image.json"))
    before = rewrite(record, state="archived", album={"id": 4}, finished_at="Tuesday")

    def get(path: str) -> Answer:
        return gallery.call("GET", path)

    shown = get(f"/api/images/{image_id}").json
    assert shown["state"] == "archived"
    assert "album" not in shown
    assert [image["id"] for image in get("/api/images").json["images"]] == [image_id]
    assert get("/api/images?state=archived").status == 400
    for path in ("/", f"/images/{image_id}", f"/images/{image_id}/original", shown["links"]["view"]):
        assert get(path).status == 200, path
    answer = gallery.call("POST", f"/api/images/{image_id}/retry")
    assert (answer.status, answer.json["code"]) == (409, "newer-release")
    assert record.read_bytes() == before


def test_a_waiting_image_of_a_newer_release_is_told_and_shown_and_waits_on(gallery: Gallery) -> None:
    for worker in ("worker.1", "worker.2"):
        gallery.stop(worker)
    image_id = gallery.upload(picture()).json["id"]
    record = next(gallery.data.glob(f"images/*/*/{image_id}/image.json"))
    before = rewrite(record, version=VERSION + 1)
    other = gallery.upload(picture()).json["id"]
    gallery.start("worker", "worker")
    gallery.until_ended(other)
    until(lambda: gallery.queue()["waiting"] == 0, 60)
    assert record.read_bytes() == before
    assert (gallery.data / "pending" / image_id).read_bytes() == b""
    assert gallery.call("GET", "/").status == 200
