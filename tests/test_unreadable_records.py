"""Records that cannot be read: one hides no other image, and a volume that gives none is no empty gallery."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pipeline.errors import VolumeUnavailable
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.volume.layout import RECORD
from tests.damage.volume import exchange
from tests.pictures import pictures_apart
from tests.races import refuse
from tests.stores import accept, failed
from web import create_app
from web.index.building import build
from web.index.database import Database
from web.index.events import EventLog
from web.index.refresh import Refresher
from web.index.rows import Codec

DAMAGED = "The record of this image is damaged. An administrator must run `gallery doctor --repair`."
Fail = Callable[[list[str]], None]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Let the disk fail under the records of these images."""
    real = os.open

    def these(image_ids: list[str]) -> None:
        def opened(path: Any, *arguments: Any, **named: Any) -> int:
            place = Path(os.fsdecode(path)) if not isinstance(path, int) else Path()
            if place.name == RECORD and place.parent.name in image_ids:
                refuse(errno.EIO)()
            return real(path, *arguments, **named)

        monkeypatch.setattr(os, "open", opened)

    return these


@pytest.fixture
def ids(store: Store) -> list[str]:
    """Twelve images, newest first."""
    return [accept(store, data) for data in pictures_apart(12)][::-1]


def client(store: Store) -> FlaskClient:
    """The gallery without Redis, and without a folder in which an index could be."""
    (no_folder := store.layout.root.with_name("cache")).touch()
    settings = {
        "GALLERY_DATA": str(store.layout.root),
        "GALLERY_CACHE": str(no_folder),
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    return create_app(Settings.from_environment(settings)).test_client()


def test_a_volume_whose_records_cannot_be_read_is_no_empty_gallery(store: Store, ids: list[str], fail: Fail) -> None:
    web = client(store)
    fail(ids)
    for path in ("/api/images", f"/api/images?after={ids[-1]}", "/", "/api/images?state=pending"):
        answer = web.get(path)
        assert answer.status_code == 503, path
        assert b"The storage cannot be reached" in answer.data


def test_a_bad_sector_hides_no_other_image(store: Store, ids: list[str], fail: Fail) -> None:
    bad = [ids[0], ids[5], ids[11]]
    fail(bad)
    good = [image_id for image_id in ids if image_id not in bad]
    assert [record.id for record in store.page(limit=100).records] == good
    assert client(store).get(f"/api/images/{bad[0]}").json["code"] == "volume-unavailable"  # type: ignore[index]


def test_no_index_is_made_of_a_volume_whose_records_cannot_be_read(
    store: Store, ids: list[str], fail: Fail, tmp_path: Path
) -> None:
    volume = store.volume
    refresher = Refresher(Database(tmp_path / "index", volume.id), Codec(volume.id), volume)
    refresher.database.folder.mkdir(parents=True)
    refresher.database.create()
    fail(ids)
    with pytest.raises(VolumeUnavailable):
        build(refresher, EventLog(), lambda: None)
    with refresher.database.open() as opened:
        assert opened.connection.execute("SELECT whole FROM about").fetchone() == (0,)


def test_a_damaged_record_says_what_to_do_and_not_that_the_storage_is_away(store: Store, ids: list[str]) -> None:
    store.layout.record(ids[0]).write_bytes(b"{")
    exchange(store.layout.image(ids[1]), store.layout.image(ids[2]))
    web = client(store)
    for image_id in ids[:3]:
        answer = web.get(f"/api/images/{image_id}")
        assert answer.status_code == 503
        assert answer.json is not None
        assert (answer.json["code"], answer.json["detail"]) == ("record-damaged", DAMAGED)
    listed = web.get("/api/images").json
    assert listed is not None
    assert [record["id"] for record in listed["images"]] == ids[3:]


def test_a_record_of_another_image_keeps_none_from_being_deleted_restored_or_retried(store: Store) -> None:
    ids = [failed(store, data) for data in pictures_apart(4)]
    exchange(store.layout.record(ids[0]), store.layout.record(ids[1]))
    web = client(store)
    for path, verb in (("/api/retry", "retried"), ("/api/delete", "deleted"), ("/api/restore", "restored")):
        assert (answer := web.post(path, json={"ids": ids})).json is not None
        assert answer.json[verb] == 2, path
    web.post("/api/delete", json={"ids": ids})
    other, strange = (store.layout.trashed(image_id) / RECORD for image_id in ids[2:])
    exchange(other, strange)
    assert web.get("/api/trash").status_code == 200
    assert web.delete("/api/trash").status_code == 200
