"""Whatever becomes of the index: every page is right, or says that it is not complete, and nothing else is affected."""

from __future__ import annotations

import os
import random
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.make_volume import make
from tests.conftest import Gallery, picture, until
from tests.indexes import another_machine, index_file, is_whole, page, send_form, walk
from tests.product import mounted, prepared, web_alone


def delete(index: Path, _foreign: bytes) -> None:
    index.unlink()


def delete_all(index: Path, _foreign: bytes) -> None:
    shutil.rmtree(index.parents[2])


def truncate(index: Path, _foreign: bytes) -> None:
    os.truncate(index, index.stat().st_size // 2)


def empty(index: Path, _foreign: bytes) -> None:
    os.truncate(index, 0)


def truncate_log(index: Path, _foreign: bytes) -> None:
    log = index.with_name(f"{index.name}-wal")
    os.truncate(log, log.stat().st_size // 3)


def scribble(index: Path, _foreign: bytes) -> None:
    with index.open("r+b") as file:
        for place in range(0, index.stat().st_size, 8192):
            file.seek(place + 100)
            file.write(b"\xff" * 2000)


def replace(index: Path, foreign: bytes) -> None:
    other = index.with_name("other")
    other.write_bytes(foreign)
    other.replace(index)


def overwrite(index: Path, foreign: bytes) -> None:
    with index.open("r+b") as file:
        file.write(foreign)
        file.truncate()


def close(index: Path, _foreign: bytes) -> None:
    index.chmod(stat.S_IRUSR)


DAMAGES: tuple[Callable[[Path, bytes], None], ...] = (
    delete, delete_all, truncate, empty, truncate_log, scribble, replace, overwrite, close,
)  # fmt: skip


@pytest.fixture
def foreign(tmp_path: Path) -> bytes:
    """The index of another volume."""
    make(tmp_path / "elsewhere", images=40, days=4)
    with web_alone(tmp_path / "elsewhere") as elsewhere:
        until(lambda: is_whole(elsewhere), 60)
        index = index_file(elsewhere)
        elsewhere.stop("web")
        return index.read_bytes()


def test_an_index_that_is_damaged_in_any_way_never_shows_a_wrong_page(bare: Gallery, foreign: bytes) -> None:
    make(bare.data, images=40, days=4)
    bare.start_web()
    dice = random.Random("damage")
    for damage in dice.sample(DAMAGES, len(DAMAGES)) * 2:
        until(lambda: is_whole(bare), 60)
        damage(index_file(bare), foreign)
        for step in ("look", "upload", "look", "delete", "look"):
            if step == "upload":
                assert b"after-damage.png" in send_form(bare, picture(), "after-damage.png").body, damage
            elif step == "delete":
                bare.call("DELETE", f"/api/images/{page(bare, 'limit=1')['images'][0]['id']}")
            found = bare.call("GET", "/api/images?limit=500").json["images"]
            assert [one["id"] for one in found] == [one["id"] for one in walk(bare.data)], (damage, step)
            searched = bare.call("GET", "/api/images?sort=taken&limit=500")
            assert searched.status in (200, 503)
            if searched.status == 503:
                assert searched.headers["Retry-After"]
            else:
                assert {one["id"] for one in searched.json["images"]} == {one["id"] for one in found}, (damage, step)
        assert bare.call("GET", "/readyz").status == 200
    until(lambda: is_whole(bare), 60)


def test_without_a_folder_for_the_index_pages_come_from_the_folders(tmp_path: Path) -> None:
    make(tmp_path / "data", images=40, days=4)
    (tmp_path / "file").write_text("not a folder")
    with web_alone(tmp_path / "data", GALLERY_CACHE=str(tmp_path / "file" / "cache")) as web:
        assert page(web, "limit=500")["images"] == walk(web.data)
        assert not page(web)["complete"]
        assert send_form(web, picture()).status == 200
        ids = [record["id"] for record in walk(web.data)]
        assert web.call("GET", "/api/ids?state=ready").json["ids"] == ids[1:]
        between = f"after={ids[9]}&before={ids[2]}"
        assert web.call("GET", f"/api/ids?{between}").json == {"ids": ids[8:2:-1], "next": None}
        assert web.call("GET", f"/api/ids?{between}&limit=3").json == {"ids": ids[8:5:-1], "next": ids[6]}
        answer = web.call("GET", "/api/images?q=picture")
        assert (answer.status, answer.json["code"]) == (503, "index-not-ready")
        for query in ("q=picture", "q=png", "sort=taken", "from=2019-01-01"):
            shown = web.call("GET", f"/?{query}")
            assert (shown.status, shown.headers["Retry-After"]) == (503, "5"), query
            assert b"This page tries again by itself." in shown.body
            assert b'<noscript><meta http-equiv="refresh" content="5"></noscript>' in shown.body
        assert b'value="picture"' in web.call("GET", "/?q=picture").body
        assert web.call("GET", "/api/status").json["index"] == {"complete": False, "images": 0}
        assert b"\ngallery_index_complete 0.0\n" in web.call("GET", "/metrics").body
        (tmp_path / "file").unlink()
        until(lambda: web.call("GET", "/?q=picture").status == 200, 60)
        assert web.call("GET", "/api/status").json["index"] == {"complete": True, "images": 41}
        assert b"\ngallery_index_images 41.0\n" in web.call("GET", "/metrics").body
        until(lambda: len(web.call("GET", "/api/days").json["days"]) == 5, 60)


def test_a_full_disk_costs_the_index_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path / "data", images=600, days=4)
    with mounted(tmp_path / "cache", "size=400k") as mounts:
        if not mounts:
            pytest.skip("mounting is not permitted")
        with web_alone(tmp_path / "data", GALLERY_CACHE=str(tmp_path / "cache")) as web:
            assert b"on-a-full-disk.png" in send_form(web, picture(), "on-a-full-disk.png").body
            assert page(web, "limit=500")["images"] == walk(web.data)[:500]
            assert not is_whole(web)


def test_another_process_keeps_the_index_when_its_keeper_is_killed(bare: Gallery) -> None:
    bare.start_web()
    with prepared(bare.data, REDIS_URL=bare.environ["REDIS_URL"], GALLERY_CACHE=bare.environ["GALLERY_CACHE"]) as other:
        other.start_web()
        until(lambda: is_whole(bare) and is_whole(other), 60)
        bare.stop("web")
        with another_machine(bare) as third:
            third.upload(picture(), "from-elsewhere.png")
            until(lambda: [one["name"] for one in page(other)["images"]] == ["from-elsewhere.png"], 30)
            assert is_whole(other)
