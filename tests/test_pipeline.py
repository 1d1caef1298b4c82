"""The whole way, through the front door: real gunicorn, real workers, a real Redis-compatible server."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Gallery, picture, until
from tests.pictures import undecodable
from tests.render_fixtures import encoded, scene


def test_an_upload_becomes_a_thumbnail_on_the_page(gallery: Gallery) -> None:
    frames = [Image.new("RGB", (60, 40), color) for color in ("red", "blue")]
    gif = io.BytesIO()
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:])
    files = {
        "a.jpg": picture("JPEG", (3000, 2000)),
        "b.png": picture("PNG", (200, 900)),
        "c.gif": gif.getvalue(),
        "d.webp": picture("WEBP"),
    }
    for name, data in files.items():
        answer = gallery.upload(data, name)
        assert answer.status == 201
        assert answer.headers["Location"] == f"/api/images/{answer.json['id']}"
        record = gallery.until_ended(answer.json["id"])
        assert (record["state"], record["name"], record["attempts"]) == ("ready", name, 1)
        for rendition, longest in (("grid", 480), ("view", 1600)):
            file = gallery.call("GET", record["links"][rendition])
            with Image.open(io.BytesIO(file.body)) as made:
                assert made.format == "WEBP"
                assert max(made.size) == min(longest, max(record["width"], record["height"]))
            assert "immutable" in file.headers["Cache-Control"]
            again = gallery.call("GET", record["links"][rendition], headers={"If-None-Match": file.headers["ETag"]})
            assert again.status == 304
        assert gallery.call("GET", record["links"]["original"]).body == data
    page = gallery.call("GET", "/").body.decode()
    assert page.index("d.webp") < page.index("c.gif") < page.index("b.png") < page.index("a.jpg")
    until(lambda: os.listdir(gallery.data / "pending") == [], 60)  # a marker goes after the record is written
    first = gallery.call("GET", "/api/images?limit=3").json
    rest = gallery.call("GET", f"/api/images?limit=3&before={first['next']}").json
    assert [i["name"] for i in first["images"] + rest["images"]] == ["d.webp", "c.gif", "b.png", "a.jpg"]
    assert rest["next"] is None


def test_the_effort_of_the_encoder_is_set_by_the_operator(gallery: Gallery) -> None:
    sizes = []
    gallery.stop("worker.2")
    for effort in ("0", "4"):
        gallery.stop("worker.1")
        gallery.start("worker.1", "worker", GALLERY_WEBP_EFFORT=effort)
        answer = gallery.upload(encoded(scene((1600, 1000)), "JPEG", quality=90, comment=effort.encode()), "a.jpg")
        sizes.append(gallery.until_ended(answer.json["id"])["renditions"]["view"]["bytes"])
    assert sizes[0] > sizes[1]


def test_a_photo_lying_on_its_side_comes_out_upright(gallery: Gallery) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    record = gallery.until_ended(gallery.upload(picture("JPEG", (800, 400), exif=exif), "a.jpg").json["id"])
    assert (record["width"], record["height"]) == (400, 800)
    assert record["renditions"]["grid"]["height"] == 480


def test_the_same_bytes_at_the_same_moment_yield_one_image(gallery: Gallery) -> None:
    data = picture("PNG", (500, 500))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: gallery.upload(data), range(20)))
    assert len({answer.json["id"] for answer in answers}) == 1
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len(gallery.call("GET", "/api/images").json["images"]) == 1


def test_the_image_that_holds_some_bytes_is_found_by_their_hash(gallery: Gallery) -> None:
    data = picture()
    asked = f"/api/images?sha256={hashlib.sha256(data).hexdigest()}"
    assert gallery.call("GET", asked).json["images"] == []
    image_id = gallery.upload(data).json["id"]
    assert [image["id"] for image in gallery.call("GET", asked).json["images"]] == [image_id]
    assert gallery.call("DELETE", f"/api/images/{image_id}").status == 204
    assert gallery.call("GET", asked).json["images"] == []
    assert gallery.call("GET", "/api/images?sha256=../..").status == 400


def test_a_broken_image_is_shown_as_failed_with_its_reason_and_can_be_retried(gallery: Gallery) -> None:
    damaged = undecodable()
    record = gallery.until_ended(gallery.upload(damaged, "broken.jpg").json["id"])
    assert record["state"] == "failed"
    assert record["reason"]["code"] == "cannot-be-decoded"
    gallery.until_listed(record["id"])
    assert record["reason"]["message"] in gallery.call("GET", "/").body.decode()
    assert gallery.call("POST", f"/api/images/{record['id']}/retry").status == 202
    assert gallery.until_ended(record["id"])["state"] == "failed"
    assert gallery.call("POST", "/api/retry-failed").json == {"retried": 1, "left": 0}
    gallery.until_ended(record["id"])
    assert gallery.call("DELETE", f"/api/images/{record['id']}").status == 204
    assert gallery.call("GET", f"/api/images/{record['id']}").status == 404
    for folder in ("incoming", "pending", "failed", "images"):
        assert os.listdir(gallery.data / folder) == []
    again = gallery.upload(damaged, "broken.jpg")
    assert (again.status, again.json["id"], again.json["restored"]) == (200, record["id"], True)
    assert os.listdir(gallery.data / "failed") == [record["id"]]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "empty-file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "not-an-accepted-format"),
        (b"\xff\xd8\xff\xe0 nothing more", 422, "broken-header"),
    ],
)
def test_what_is_no_picture_gets_a_named_error(gallery: Gallery, data: bytes, status: int, code: str) -> None:
    answer = gallery.upload(data, "a.jpg")
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert os.listdir(gallery.data / "incoming") == os.listdir(gallery.data / "pending") == []


def test_names_are_shown_as_text(gallery: Gallery) -> None:
    names = {
        "../../etc/passwd.png": "passwd.png",
        "<script>alert(1)</script>.png": "script>.png",
        "a" * 4000 + ".png": "a" * 251 + ".png",
        "be\tll.png": "bell.png",
    }
    for sent, shown in names.items():
        assert gallery.upload(picture(), sent).json["name"] == shown
    assert b"<script>" not in gallery.call("GET", "/").body


def test_an_upload_over_the_limit_is_refused_before_it_is_read(gallery: Gallery) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gallery.port, timeout=30)
    connection.putrequest("POST", "/api/images")
    connection.putheader("Content-Length", str(300 * 1024 * 1024))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert os.listdir(gallery.data / "incoming") == []


def test_an_upload_cut_off_half_way_leaves_nothing(gallery: Gallery) -> None:
    with socket.create_connection(("127.0.0.1", gallery.port)) as client:
        client.sendall(b"POST /api/images HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n" + picture())
    until(lambda: not os.listdir(gallery.data / "incoming"), 60)
    assert gallery.call("GET", "/api/images").json["images"] == []
    assert os.listdir(gallery.data / "pending") == []


def test_a_large_upload_leaves_the_memory_of_web_flat(gallery: Gallery) -> None:
    def resident() -> int:
        group, total = gallery.processes["web"].pid, 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                if os.getpgid(int(status.parent.name)) == group:
                    total += int(status.read_text().split("VmRSS:")[1].split()[0])
            except (OSError, IndexError):
                continue
        return total

    gallery.upload(picture())
    before = resident()
    big = picture("PNG") + os.urandom(200 * 1024 * 1024)
    assert gallery.upload(big).status == 201
    assert resident() - before < 20 * 1024


def test_uploads_are_accepted_while_redis_is_away_and_made_when_it_is_back(gallery: Gallery) -> None:
    gallery.stop("redis", signal.SIGKILL)
    answers = [gallery.upload(picture()) for _ in range(5)]
    assert [answer.status for answer in answers] == [201] * 5
    assert gallery.call("GET", "/readyz").status == 200
    assert "The queue can’t be reached" in gallery.call("GET", "/").body.decode()
    gallery.start("redis", "launcher.redis")
    for answer in answers:
        assert gallery.until_ended(answer.json["id"], 90)["state"] == "ready"


def test_killed_workers_lose_nothing(gallery: Gallery) -> None:
    answers = [gallery.upload(picture("JPEG", (3000, 3000))) for _ in range(10)]
    gallery.stop("worker.1", signal.SIGKILL)
    gallery.stop("worker.2", signal.SIGKILL)
    gallery.start("worker.1", "worker")
    for answer in answers:
        assert gallery.until_ended(answer.json["id"], 90)["state"] == "ready"
    until(lambda: os.listdir(gallery.data / "pending") == [], 60)


def test_a_worker_told_to_stop_ends_cleanly(gallery: Gallery) -> None:
    assert gallery.stop("worker.1") == 0
