"""Zip downloads: the originals as they were uploaded, whole, under names that every file system takes."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.conftest import Answer, Gallery, picture
from tests.pictures import undecodable

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAMES = ["beach.jpg", "Beach.JPG", "beach.jpg", "con.png", "a:b?.png", "été 🌊.png", "noextension", "x" * 240 + ".png"]


@pytest.fixture
def web(bare: Gallery) -> Gallery:
    """Redis and web; no worker."""
    bare.start_redis()
    bare.start_web(GALLERY_MAX_ZIP_MB="1")
    return bare


def post(gallery: Gallery, path: str, ids: list[str]) -> Answer:
    return gallery.call("POST", path, json.dumps({"ids": ids}).encode(), JSON)


def test_an_archive_holds_the_originals_under_names_fit_for_all(web: Gallery) -> None:
    originals = [picture() for _ in NAMES]
    ids = [web.upload(data, name).json["id"] for data, name in zip(originals, NAMES, strict=True)]
    answer = post(web, "/api/zip", [*ids, ids[0]])
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="pictures-')
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
        assert [archive.read(info) for info in infos] == originals
        assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
        names = [info.filename for info in infos]
    assert names[:7] == [
        "beach.jpg", "Beach (2).JPG", "beach (3).jpg", "_con.png", "a_b_.png", "été 🌊.png", "noextension.png",
    ]  # fmt: skip
    assert max(len(name.encode()) for name in names) <= 255
    by_form = web.call("POST", "/api/zip", urlencode([("id", one) for one in ids]).encode(), FORM)
    assert (by_form.status, len(by_form.body)) == (200, len(answer.body))


def test_what_was_deleted_meanwhile_is_left_out(web: Gallery) -> None:
    kept, gone = (web.upload(picture()).json["id"] for _ in range(2))
    web.call("DELETE", f"/api/images/{gone}")
    answer = post(web, "/api/zip", [gone, kept])
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert len(archive.namelist()) == 1
    assert post(web, "/api/zip", [gone]).json["code"] == "image-not-found"


def test_an_archive_is_bounded(web: Gallery) -> None:
    noise = [web.upload(picture("WEBP", (64, 64)) + bytes(700_000)).json["id"] for _ in range(2)]
    answer = post(web, "/api/zip", noise)
    assert (answer.status, answer.json["code"]) == (413, "too-much-to-zip")
    assert post(web, "/api/zip", noise[:1]).status == 200
    many = [f"01900000-0000-7000-8000-{number:012x}" for number in range(1001)]
    for ids in ([], many, ["../../etc/passwd"]):
        assert post(web, "/api/zip", ids).status == 400
    assert web.call("POST", "/api/zip", b"[" * 100_000, JSON).status == 400
    assert web.call("POST", "/api/zip", b" " * 300_000, JSON).status == 413


def test_many_are_deleted_and_retried_in_one_call(gallery: Gallery) -> None:
    failed = [gallery.upload(undecodable(), "broken.jpg").json["id"] for _ in range(3)]
    good = gallery.upload(picture()).json["id"]
    for image_id in (*failed, good):
        gallery.until_ended(image_id)
    assert post(gallery, "/api/retry", [*failed, good]).json == {"retried": 3, "left": 0}
    for image_id in failed:
        assert gallery.until_ended(image_id)["state"] == "failed"
    assert post(gallery, "/api/delete", [*failed, good]).json == {"deleted": 4, "missing": 0}
    assert post(gallery, "/api/delete", failed).json == {"deleted": 0, "missing": 3}
    assert gallery.call("GET", "/api/images").json["images"] == []


def test_the_ids_of_all_images_are_paged_through_and_those_in_a_state(gallery: Gallery) -> None:
    failed = gallery.upload(undecodable(), "broken.jpg").json["id"]
    ids = [failed, *(gallery.upload(picture()).json["id"] for _ in range(4))]
    for image_id in ids:
        gallery.until_ended(image_id)
    assert gallery.call("GET", "/api/ids").json == {"ids": ids[::-1], "next": None}
    first = gallery.call("GET", "/api/ids?limit=3").json
    assert first == {"ids": ids[:1:-1], "next": ids[2]}
    assert gallery.call("GET", f"/api/ids?limit=3&before={ids[2]}").json == {"ids": ids[1::-1], "next": None}
    gallery.until_listed(*ids)
    assert gallery.call("GET", "/api/ids?state=failed").json == {"ids": [failed], "next": None}
    assert gallery.call("GET", "/api/ids?state=ready").json == {"ids": ids[:0:-1], "next": None}
    for query in ("limit=0", "limit=10001", "limit=x", "state=mine", "before=1", "sort=mine", "other=1"):
        assert gallery.call("GET", f"/api/ids?{query}").status == 400


def test_archives_lie_on_no_disk(web: Gallery, tmp_path: Path) -> None:
    ids = [web.upload(picture("WEBP", (64, 64)) + bytes(400_000)).json["id"] for _ in range(2)]
    before = {path for path in web.data.rglob("*") if path.is_file()}
    sizes: list[int] = []
    threads = [threading.Thread(target=lambda: sizes.append(len(post(web, "/api/zip", ids).body))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(sizes)) == 1
    new = {path for path in web.data.rglob("*") if path.is_file()} - before
    assert not [path for path in new if "redis" not in path.parts]
