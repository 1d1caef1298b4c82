"""The files of an image over HTTP: whole, in parts, unchanged, and of the right type."""

from __future__ import annotations

import io

import pillow_heif
import pytest
from PIL import Image

from pipeline.images.recipe import RECIPE
from tests.conftest import Gallery, picture


@pytest.fixture
def web(bare: Gallery) -> Gallery:
    """Redis and web; no worker."""
    bare.start_redis()
    bare.start_web()
    return bare


def test_files_come_in_parts_and_only_if_they_changed(web: Gallery) -> None:
    data = picture("PNG", (300, 200))
    path = web.upload(data, "a.png").json["links"]["original"]
    whole = web.call("GET", path)
    assert (whole.status, whole.body) == (200, data)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert "immutable" in whole.headers["Cache-Control"]
    assert "max-age=31536000" in whole.headers["Cache-Control"]
    tag = whole.headers["ETag"]

    head = web.call("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(data)

    part = web.call("GET", path, headers={"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    assert web.call("GET", path, headers={"Range": "bytes=-7"}).body == data[-7:]

    same = web.call("GET", path, headers={"Range": "bytes=0-3", "If-Range": tag})
    assert (same.status, same.body) == (206, data[:4])
    other = web.call("GET", path, headers={"Range": "bytes=0-3", "If-Range": '"another"'})
    assert (other.status, other.body) == (200, data)

    beyond = web.call("GET", path, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status == 416
    assert web.call("GET", path, headers={"If-None-Match": tag}).status == 304


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("HEIF", "image/heic"),
        ("AVIF", "image/avif"),
        ("JPEG", "image/jpeg"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
    ],
)
def test_originals_bear_their_own_type_whatever_their_name_says(web: Gallery, kind: str, content_type: str) -> None:
    pillow_heif.register_heif_opener()
    out = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(out, kind)
    record = web.upload(out.getvalue(), "page.html").json
    answer = web.call("GET", record["links"]["original"])
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.body == out.getvalue()


def test_a_grid_that_an_event_told_of_is_served_by_its_version(web: Gallery) -> None:
    """As where the marker of a pending image is seen later than its files: on a volume of many machines."""
    image_id = web.upload(picture("PNG", (300, 200)), "a.png").json["id"]
    [original] = web.data.glob(f"images/*/*/{image_id}/original.png")
    (original.parent / "grid.webp").write_bytes(b"RIFF")
    path = f"/images/{image_id}/grid.webp"
    assert web.call("GET", path).status == 404
    assert web.call("GET", f"{path}?v={RECIPE}-5").status == 404
    assert web.call("GET", f"{path}?v={RECIPE}-4").body == b"RIFF"
