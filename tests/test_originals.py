"""Who may fetch originals, and what everybody else gets instead: pages, records, events, zips and the command line."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from pipeline.errors import BadSetting
from pipeline.settings import Settings
from pipeline.tokens import Role
from tests import planted
from tests.commands import command, lines
from tests.conftest import Answer, Gallery, picture
from tests.listening import Ear, until_it_listens
from tests.render_fixtures import encoded, scene
from tests.tokens import ADMIN, READ, TOKENS, UPLOAD, bearer

SECRETS = {"nobody": "", "read": READ, "upload": UPLOAD, "admin": ADMIN}
ORDER = ["nobody", "read", "upload", "admin"]
LEAST = {"everybody": "nobody", "read": "read", "upload": "upload", "admin": "admin"}

Serve = Callable[..., Gallery]


@pytest.fixture
def serve(bare: Gallery) -> Serve:
    """Starts Redis and web with the given settings; no worker."""

    def start(**environ: str) -> Gallery:
        bare.start_redis()
        bare.start_web(**environ)
        return bare

    return start


def photo(color: str = "red") -> bytes:
    return encoded(Image.new("RGB", (64, 48), color), "JPEG", exif=planted.exif())


def put(gallery: Gallery, data: bytes, name: str = "beach.jpg", token: str = UPLOAD) -> str:
    headers = {"Content-Type": "application/octet-stream", **(bearer(token) if token else {})}
    answer = gallery.call("POST", f"/api/images?name={quote(name)}", data, headers)
    assert answer.status == 201
    return str(answer.json["id"])


def image_heard(ear: Ear) -> Any:
    """The first record that an event tells a listener, who then leaves."""
    with closing(ear):
        return next(told.data for told in ear.events() if told.kind == "image")


def zipped(gallery: Gallery, ids: list[str], headers: dict[str, str]) -> Answer:
    return gallery.call(
        "POST", "/api/zip", json.dumps({"ids": ids}).encode(), {"Content-Type": "application/json", **headers}
    )


@pytest.mark.parametrize("public", ["0", "1"])
@pytest.mark.parametrize("setting", ["", *LEAST])
def test_who_may_not_have_originals_is_refused_and_finds_no_link_to_them(
    serve: Serve, setting: str, public: str
) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC=public, GALLERY_ORIGINALS=setting)
    least = LEAST[setting] if setting else "upload" if public == "1" else "read"
    lookers = ORDER if public == "1" else ORDER[1:]
    until_it_listens(gallery, ADMIN)
    ears = {caller: Ear(gallery, token=SECRETS[caller]) for caller in lookers}
    data = photo()
    image_id = put(gallery, data)
    for caller in ORDER:
        headers = bearer(SECRETS[caller]) if SECRETS[caller] else {}
        original = gallery.call("GET", f"/images/{image_id}/original", headers=headers)
        download = gallery.call("GET", f"/images/{image_id}/download", headers=headers)
        if caller not in lookers:
            assert (original.status, download.status) == (401, 401)
            continue
        may = ORDER.index(caller) >= ORDER.index(least)
        assert (original.status, original.body == data) == ((200, True) if may else (403, False))
        assert (download.status, planted.MARK in download.body) == (200, False)
        records = [
            gallery.call("GET", f"/api/images/{image_id}", headers=headers).json,
            *gallery.call("GET", "/api/images", headers=headers).json["images"],
            *gallery.call("GET", f"/api/images?after={image_id[:-1]}0", headers=headers).json["images"],
            image_heard(ears[caller]),
            image_heard(Ear(gallery, "0-0", SECRETS[caller])),
        ]
        for record in records:
            assert record["links"]["download"] == f"/images/{image_id}/download"
            assert ("original" in record["links"]) is may
        for path in ("/", f"/images/{image_id}"):
            page = gallery.call("GET", path, headers=headers).body.decode()
            assert may or f"/images/{image_id}/original" not in page
        assert f"/images/{image_id}/{'original' if may else 'download'}" in page  # the page works without a script
        archive = zipped(gallery, [image_id], headers)
        with zipfile.ZipFile(io.BytesIO(archive.body)) as found:
            assert found.read("beach.jpg") == (data if may else download.body)


def test_a_setting_that_is_no_role_is_named() -> None:
    with pytest.raises(BadSetting, match="GALLERY_ORIGINALS must be one of everybody, read, upload, admin"):
        Settings.from_environment({"GALLERY_ORIGINALS": "owner"})
    assert Settings.from_environment({}).originals is Role.READ
    assert Settings.from_environment({"GALLERY_PUBLIC": "1"}).originals is Role.UPLOAD
    assert Settings.from_environment({"GALLERY_PUBLIC": "1", "GALLERY_ORIGINALS": "Everybody"}).originals is Role.NONE


def test_the_refusal_says_where_the_picture_is_to_be_had(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1")
    image_id = put(gallery, photo())
    refused = gallery.call("GET", f"/images/{image_id}/original")
    assert f"/images/{image_id}/download" in refused.body.decode()
    assert gallery.call("GET", "/images/0197a3c0-0000-7000-8000-0123456789ab/download").status == 404


def test_in_an_open_gallery_everybody_has_everything(serve: Serve) -> None:
    gallery = serve(GALLERY_ORIGINALS="admin")
    data = photo()
    image_id = put(gallery, data, token="")
    assert gallery.call("GET", f"/images/{image_id}/original").body == data
    assert planted.MARK not in gallery.call("GET", f"/images/{image_id}/download").body


def test_a_download_comes_in_parts_and_is_asked_for_anew(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1")
    path = f"/images/{put(gallery, photo(), 'été.jpg')}/download"
    whole = gallery.call("GET", path)
    assert whole.headers["Content-Type"] == "image/jpeg"
    assert int(whole.headers["Content-Length"]) == len(whole.body)
    assert whole.headers["Content-Disposition"] == "attachment; filename=ete.jpg; filename*=UTF-8''%C3%A9t%C3%A9.jpg"
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert "no-cache" in whole.headers["Cache-Control"]
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    tag = whole.headers["ETag"]
    assert gallery.call("GET", path, headers={"If-None-Match": tag}).status == 304
    head = gallery.call("HEAD", path)
    assert (head.status, head.body, int(head.headers["Content-Length"])) == (200, b"", len(whole.body))
    for asked, start, end in (("0-0", 0, 1), ("20-99", 20, 100), ("-7", -7, None), ("300-", 300, None)):
        part = gallery.call("GET", path, headers={"Range": f"bytes={asked}"})
        assert (part.status, part.body) == (206, whole.body[start:end])
    assert gallery.call("GET", path, headers={"Range": "bytes=0-3", "If-Range": tag}).status == 206
    assert gallery.call("GET", path, headers={"Range": "bytes=0-3", "If-Range": '"x"'}).body == whole.body
    assert gallery.call("GET", path, headers={"Range": f"bytes={len(whole.body)}-"}).status == 416


def test_a_file_that_cannot_be_stripped_is_refused_by_name_and_left_out_of_archives(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1")
    half = photo("blue")[:-2]
    broken, whole = put(gallery, half, "half.jpg"), put(gallery, photo("green"))
    for _ in range(2):
        refused = gallery.call("GET", f"/images/{broken}/download")
        assert refused.status == 409
        assert "This JPEG file is damaged" in refused.body.decode()
        assert planted.MARK not in refused.body
    assert gallery.call("GET", f"/images/{broken}/original", headers=bearer(UPLOAD)).body == half
    with zipfile.ZipFile(io.BytesIO(zipped(gallery, [broken, whole], {}).body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["beach.jpg", "left-out.txt"]
        assert archive.read("left-out.txt").startswith(b"half.jpg: This JPEG file is damaged")


def test_an_original_that_was_restored_is_looked_at_anew(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1")
    data = photo()
    image_id = put(gallery, data)
    (path,) = (gallery.data / "images").rglob("original.jpg")
    before = gallery.call("GET", f"/images/{image_id}/download").body
    other = encoded(Image.new("RGB", (64, 48), "red"), "JPEG", exif=planted.exif(), comment=b"PLANTED" * 100)
    replacement = path.with_name(".restored")
    replacement.write_bytes(other)
    replacement.rename(path)
    after = gallery.call("GET", f"/images/{image_id}/download").body
    assert planted.MARK not in after
    assert after == before


def test_an_export_says_that_it_got_no_originals(serve: Serve, tmp_path: Path) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_ORIGINALS="upload")
    data = photo()
    image_id = put(gallery, data)
    download = gallery.call("GET", f"/images/{image_id}/download", headers=bearer(READ)).body
    out = tmp_path / "out"

    def exported(token: str) -> tuple[str, bytes, str]:
        gallery.environ["GALLERY_TOKEN"] = token
        done = command(gallery, "export", str(out), "--json")
        assert done.returncode == 0, done.stderr
        file, total = lines(done)
        assert total["sum"] == {file["verdict"]: 1}
        return file["verdict"], (out / file["path"]).read_bytes(), done.stderr

    verdict, found, said = exported(READ)
    assert (verdict, found) == ("fetched without metadata", download)
    assert "Your token may not fetch originals" in said
    assert exported(READ)[:2] == ("here already", download)
    assert exported(UPLOAD)[:2] == ("fetched", data)
    assert exported(READ)[:2] == ("here already", data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "HEIF", "AVIF"])
def test_every_format_is_downloaded_with_all_its_pixels(serve: Serve, kind: str) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1")
    data = encoded(scene(), kind, exif=planted.exif()) if kind != "GIF" else encoded(scene(), kind, comment=b"PLANTED")
    answer = gallery.call("GET", f"/images/{put(gallery, data, 'a')}/download")
    assert answer.status == 200
    assert re.fullmatch(r"image/(jpeg|png|gif|webp|heic|avif)", answer.headers["Content-Type"])
    one, other = (Image.open(io.BytesIO(file)).convert("RGB").tobytes() for file in (data, answer.body))
    assert one == other
    assert planted.MARK in data
    assert planted.MARK not in answer.body
    assert picture() != data
