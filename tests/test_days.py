"""Days and pages: counts that are true within seconds whatever Redis does, and pages both ways from any id."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from bench.make_volume import make
from pipeline.store import DayCounts
from tests.conftest import Gallery, picture, until


@pytest.fixture
def web(bare: Gallery) -> Gallery:
    """Three hundred images over thirty days; web alone, without Redis."""
    make(bare.data, images=300, days=30)
    bare.start_web()
    until(lambda: days(bare)["complete"], 60)
    return bare


def days(gallery: Gallery) -> Any:
    return gallery.call("GET", "/api/days").json


def test_days_are_counted_and_lead_to_their_pages(web: Gallery) -> None:
    found = until(lambda: (answer := days(web))["complete"] and answer, 60)
    assert [day["count"] for day in found["days"]] == [10] * 30
    names = [day["day"] for day in found["days"]]
    assert names == sorted(names, reverse=True)
    for day in found["days"][::10]:
        page = web.call("GET", f"/api/images?limit=9&before={day['first']}").json
        assert {record["received_at"][:10] for record in page["images"]} == {day["day"]}


def test_counts_follow_uploads_and_deletes_without_redis(web: Gallery) -> None:
    uploaded = web.upload(picture()).json
    today = {"day": uploaded["received_at"][:10], "count": 1}
    assert until(lambda: (first := days(web)["days"][0]).items() >= today.items() and first, 60)
    old = web.call("GET", f"/api/images?limit=3&before={days(web)['days'][9]['first']}").json["images"]
    for record in old:
        assert web.call("DELETE", f"/api/images/{record['id']}").status == 204
    assert until(lambda: days(web)["days"][9]["count"] == 7, 60)
    web.call("DELETE", f"/api/images/{uploaded['id']}")
    assert until(lambda: len(days(web)["days"]) == 30, 60)


def test_the_days_come_compressed_and_are_not_sent_twice(web: Gallery) -> None:
    until(lambda: days(web)["complete"], 60)
    answer = web.call("GET", "/api/days", headers={"Accept-Encoding": "gzip"})
    assert len(json.loads(gzip.decompress(answer.body))["days"]) == 30
    again = web.call("GET", "/api/days", headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_pages_go_up_as_well_as_down(web: Gallery) -> None:
    down: list[str] = []
    before = ""
    while before is not None:
        page = web.call("GET", f"/api/images?limit=70{before and f'&before={before}'}").json
        down += [record["id"] for record in page["images"]]
        before = page["next"]
    assert len(down) == 300
    up: list[str] = []
    after = "00000000-0000-7000-8000-000000000000"
    while after is not None:
        page = web.call("GET", f"/api/images?limit=70&after={after}").json
        up += [record["id"] for record in page["images"]]
        after = page["next"]
    assert up == down[::-1]
    between = web.call("GET", f"/api/images?after={up[9]}&before={up[20]}&state=ready").json
    assert ([record["id"] for record in between["images"]], between["next"]) == (up[10:20], None)
    assert web.call("GET", f"/api/images?after={up[9]}&state=failed").json["images"] == []
    assert web.call("GET", "/api/images?after=yesterday").status == 400


def test_a_volume_that_goes_away_is_named(web: Gallery) -> None:
    until(lambda: days(web)["complete"], 60)
    web.data.joinpath("images").rename(web.data / "elsewhere")
    assert until(lambda: web.call("GET", "/api/days").status == 503, 60)


def test_a_mark_that_was_never_set_is_made_up_for(tmp_path: Path) -> None:
    make(tmp_path, images=40, days=4)
    found = DayCounts(tmp_path / "images")
    found.refresh()
    day = sorted((tmp_path / "images").iterdir())[0]
    minute = next(folder for folder in day.iterdir() if any(folder.iterdir()))
    for image in minute.iterdir():
        shutil.rmtree(image)
    for _ in range(50):
        found.refresh()
    assert [day.count for day in found.days()] == [10] * 3


def test_the_days_count_their_images_and_mark_every_so_many(gallery: Gallery) -> None:
    ids = [gallery.upload(picture()).json["id"] for _ in range(45)]
    newest_first = sorted(ids, reverse=True)
    (day,) = gallery.call("GET", "/api/days?every=20").json["days"]
    assert day["day"] == gallery.call("GET", f"/api/images/{ids[-1]}").json["received_at"][:10]
    assert day["count"] == 45
    assert day["first"] == newest_first[0]
    assert day["marks"] == [newest_first[20], newest_first[40]]
    page = gallery.call("GET", f"/api/images?before={newest_first[19]}&limit=1").json
    assert page["images"][0]["id"] == day["marks"][0]


def test_marks_must_not_lie_too_close(gallery: Gallery) -> None:
    assert gallery.call("GET", "/api/days?every=3").status == 400
    assert gallery.call("GET", "/api/days?every=x").status == 400


def listings(monkeypatch: pytest.MonkeyPatch, below: Path) -> list[str]:
    """The folders below this one that are listed from now on."""
    seen: list[str] = []
    real = os.listdir

    def listdir(path: Path) -> list[str]:
        if Path(path).is_relative_to(below):
            seen.append(str(path))
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    return seen


def test_a_day_stamped_in_the_future_is_counted_as_seldom_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, images=40, days=4)
    newest, *_, oldest = sorted((tmp_path / "images").iterdir(), reverse=True)
    for day in (newest, oldest):
        os.utime(day, (4e9, 4e9))
    monkeypatch.setattr("pipeline.store.day_counts._RECHECK_SHARE", -1)
    monkeypatch.setattr("pipeline.store.day_counts.SETTLED_SECONDS", 0.2)
    found = DayCounts(tmp_path / "images")
    found.refresh()
    time.sleep(0.3)
    found.refresh()
    seen = listings(monkeypatch, tmp_path)
    for _ in range(20):
        found.refresh()
    assert set(seen) == {str(tmp_path / "images")}


def test_a_copied_day_and_what_lies_elsewhere_is_neither_listed_nor_counted(web: Gallery) -> None:
    wanted = [record["id"] for record in web.call("GET", "/api/images?limit=500").json["images"]]
    day = sorted((web.data / "images").iterdir())[3]
    minute = sorted(day.iterdir())[0]
    shutil.copytree(day, day.with_name(f"{day.name}.bak"))
    shutil.copytree(day, day.with_name("2026-02-30"))
    shutil.copytree(day, day.with_name("1999-01-01"))
    shutil.copytree(minute, day / f"{minute.name}~")
    shutil.copytree(minute, day / ("0000" if minute.name != "0000" else "0001"), dirs_exist_ok=True)
    shutil.copytree(day.with_name("1999-01-01"), minute / "copy")
    for address in ("before=0fffffff-ffff-7fff-bfff-ffffffffffff", "after=00000000-0000-7000-8000-000000000000"):
        records = web.call("GET", f"/api/images?limit=500&{address}").json["images"]
        assert sorted(record["id"] for record in records) == sorted(wanted)
    found = until(lambda: (answer := days(web))["complete"] and answer, 60)
    assert [day["count"] for day in found["days"]] == [10] * 30
