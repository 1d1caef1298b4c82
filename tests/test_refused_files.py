"""Files that are no pictures, or something else as well, do nothing."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import pytest

from tests.conftest import Gallery
from tests.polyglots import polyglots
from tests.product import web_alone
from tests.raw_http import kept


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Web alone, one for all: what it refuses needs no worker, and must leave nothing behind."""
    with web_alone(tmp_path_factory.mktemp("data"), GALLERY_SLOW_SECONDS="3") as gallery:
        yield gallery


@pytest.mark.parametrize(
    "data",
    [
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"MZ\x90\x00" + bytes(60),
        b"\x7fELF" + bytes(60),
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(60),
        b"#!/bin/sh\nrm -rf /\n",
        b"\x1f\x8b\x08" + bytes(60),
        b"II*\x00" + bytes(60),
        b"%!PS-Adobe-3.0\n",
        b"push graphic-context\nviewbox 0 0 640 480\n",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"BM" + bytes(60),
    ],
    ids=lambda data: repr(data[:8]),
)
def test_what_is_no_picture_is_refused_whatever_it_calls_itself(web: Gallery, data: bytes) -> None:
    for name, kind in (("a.jpg", "image/jpeg"), ("a.png", "image/png"), ("a.gif.svg", "image/svg+xml")):
        answer = web.call("POST", f"/api/images?name={name}", data, {"Content-Type": kind})
        assert (answer.status, answer.json["code"]) == (415, "not-an-accepted-format")
        assert web.upload(data, name).status == 415
    assert kept(web) == []


def test_in_a_polyglot_nothing_can_run(gallery: Gallery) -> None:
    for name, data in polyglots().items():
        sent = gallery.upload(data, name)
        assert sent.status == 201, name
        record = gallery.until_ended(sent.json["id"])
        assert record["state"] == "ready", record["reason"]
        original = gallery.call("GET", record["links"]["original"])
        assert original.body == data
        assert original.headers["Content-Type"] == f"image/{record['format']}"
        assert original.headers["X-Content-Type-Options"] == "nosniff"
        assert original.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert original.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        for rendition in ("grid", "view"):
            made = gallery.call("GET", record["links"][rendition]).body
            assert b"owned" not in made
            assert b"script" not in made
            assert b"php" not in made
    assert not list(gallery.data.glob("images/**/*.js"))
    assert not list(gallery.data.glob("images/**/*.php"))


def test_a_picture_that_unpacks_to_terabytes_is_refused_by_its_header(web: Gallery) -> None:
    header = struct.pack(">IIBBBBB", 0x7FFFFFFF, 0x7FFFFFFF, 8, 6, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    answer = web.call("POST", "/api/images", bomb)
    assert (answer.status, answer.json["code"]) in ((422, "too-many-pixels"), (422, "broken-header"))
    assert kept(web) == []
