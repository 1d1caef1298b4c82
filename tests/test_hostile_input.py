"""Every expression and loop over what a caller sends takes time in proportion to its length, here a megabyte of the
worst we know for each. What is not linear takes minutes; what is takes some two seconds at the most."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from gunicorn.http.body import CHUNK_EXT_RE
from gunicorn.util import unquote_to_wsgi_str
from werkzeug.datastructures import Authorization, MIMEAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import (
    parse_accept_header,
    parse_cache_control_header,
    parse_date,
    parse_etags,
    parse_if_range_header,
    parse_options_header,
    parse_range_header,
)
from werkzeug.sansio.http import parse_cookie
from werkzeug.sansio.multipart import MultipartDecoder, NeedData
from werkzeug.sansio.utils import get_host

from pipeline.errors import CannotStripMetadata, GalleryError, TooManyFrames
from pipeline.ids import is_id, new_id
from pipeline.images.formats import Format, Limits, check_bounds, read_header
from pipeline.images.strip import strip
from pipeline.names import clean_name
from pipeline.records import Record
from pipeline.settings import Settings
from pipeline.tokens import match, parse_tokens
from tests.hostile_files import LENGTH, headers, structures
from web.access.proxies import TrustedProxies
from web.access.sessions import Sessions
from web.access.signin import _local
from web.api import archive, bulk, events
from web.callers import caller_of
from web.pages.upload import refusals
from web.request_log import _ID
from web.server.lanes import probe

SECONDS = 30
REFUSALS = (ValueError, RecursionError, HTTPException, GalleryError, msgspec.MsgspecError)
TOKENS = parse_tokens("boss:admin:" + "a" * 24)


def long(piece: str) -> str:
    return (piece * (LENGTH // len(piece) + 1))[:LENGTH]


def multipart(text: str) -> None:
    decoder = MultipartDecoder(b"x", 500_000, max_parts=110)
    data = text.encode()
    for start in range(0, len(data), 65536):
        decoder.receive_data(data[start : start + 65536])
        while not isinstance(decoder.next_event(), NeedData):
            pass


def proxied(text: str) -> None:
    networks = Settings.from_environment({"GALLERY_TRUSTED_PROXIES": "10.0.0.0/8"}).trusted_proxies
    environ = {"REMOTE_ADDR": "10.0.0.1", **{f"HTTP_X_FORWARDED_{name}": text for name in ("FOR", "HOST", "PROTO")}}
    TrustedProxies(lambda *_: [], networks)(environ, lambda *_: None)  # type: ignore[arg-type]


def asked(text: str) -> None:
    msgspec.json.decode(text.encode(), type=bulk._Asked)


PART = '--x\r\nContent-Disposition: form-data; name="file"; filename="'
WORST: list[tuple[Callable[[str], Any], str, list[str]]] = [
    (lambda text: clean_name(text, "png"), "", ["a", "/", "a\\", "\u0316\u0301", "\ufb2c", " ", ".", "\u202e"]),
    (is_id, "0", ["0", "-", "0197a3c0-"]),
    (lambda text: refusals([text] * 100), "", ["~", "a~"]),
    (_local, "/", ["/", "\\", "a"]),
    (events._POSITION.fullmatch, "", ["1", "1-", "-"]),
    (_ID.fullmatch, "", ["a", "."]),
    (lambda text: archive._UNFIT.sub("_", text), "", ["/", "a/", "\x00"]),
    (archive._DEVICE.match, "", ["con", "com1", "."]),
    (asked, "", ["[", '{"ids":', '{"a":[', '["', "1", '"\\']),
    (lambda text: match(TOKENS, text), "", ["a"]),
    (lambda text: Sessions(TOKENS, None).read(text, secure=True), "boss.", ["a", ".", "-", "="]),  # type: ignore[arg-type]
    (proxied, "", ["10.0.0.1,", ",", "a", "[", ":", "1.1.1.1, "]),
    (caller_of, "", ["1", ":", "%", "::"]),
    (lambda text: probe(text.encode()), "GET /healthz", [" ", "?", "\r\n", "\r\ncontent-length:"]),
    (parse_options_header, 'form-data; a="', ["\\", "a", ";", '"', '";a="', "\\\\"]),
    (parse_options_header, "form-data; ", [";a", "*", "*0*", ";a*0=b", "a=", "; ", "'"]),
    (lambda text: parse_accept_header(text, MIMEAccept).accept_html, "", ["a,", "a;q=1,", "a=b;", "*/*,", "q=1", '"']),
    (parse_accept_header, "gzip", [",", ";q=0.1", "a;q=0.1111,", " ", "\t"]),
    (parse_range_header, "bytes=", ["0-,", "0-1,", "-1,", ",", "0", "-"]),
    (parse_etags, "", ['"', '"a" ', "W/", 'W/"a",', " ", "a,", "\t"]),
    (parse_if_range_header, "", ["a", '"', "W/"]),
    (parse_date, "Wed, 21 Oct 2015 ", ["0", ":", " ", "(", "+", "a "]),
    (parse_cookie, "a=", ["a=b; ", ";", '"', "\\", "=", " ", "a"]),
    (parse_cookie, 'a="', ["\\", "\\1", "a;", '"', ";"]),
    (parse_cache_control_header, "", ["a=1,", ",", '"', " "]),
    (lambda text: get_host("http", text, None), "", ["a", ".", "[", ":", "[:"]),
    (lambda text: urlsplit(f"//{text}").hostname, "", ["a", ":", "[", "@", "%"]),
    (lambda text: parse_qsl(text, keep_blank_values=True), "", ["a&", "%", "a=1&", "&", "%4"]),
    (unquote_to_wsgi_str, "/", ["%", "%41", "a", "/.."]),
    (Authorization.from_header, "Digest ", ['a="', ",", "a=b,", "\\"]),
    (Authorization.from_header, "Basic ", ["a", "=", "/"]),
    (lambda text: CHUNK_EXT_RE.fullmatch(text.encode()), ";a", [";a", " ;a", '="', "=a", '="\\']),
    (multipart, "", ["\r\n--x", "\r\n--x ", "--x", "-", "\n", "\r", "a"]),
    (multipart, "--x\r\n", ["a: b\r\n", "\r\n ", "\r", ":", "a", " "]),
    (multipart, PART, ["a", "\\", '"', ";", '"; filename="', "\\\\"]),
    (multipart, PART + 'a.png"\r\n\r\n', ["\r\n--x", "\r\n-", "\n--", "--x ", "a"]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "prefix", "pieces"), WORST)
def test_what_a_caller_writes_is_read_in_linear_time(
    function: Callable[[str], Any], prefix: str, pieces: list[str]
) -> None:
    for piece in pieces:
        began = time.thread_time()
        with suppress(*REFUSALS):
            function(prefix + long(piece))
        assert time.thread_time() - began < SECONDS, piece


def test_a_thousand_pictures_of_one_name_are_named_in_a_thousand_steps() -> None:
    when = "2026-01-01T00:00:00Z"
    records = [Record(new_id(), "a.png", Format.PNG, 1, 1, 1, "0" * 64, received_at=when) for _ in range(20_000)]
    taken: dict[str, int] = {}
    began = time.thread_time()
    names = [archive._name(record, taken) for record in records]
    assert time.thread_time() - began < SECONDS
    assert names[:3] == ["a.png", "a (2).png", "a (3).png"]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", headers())
def test_what_a_file_holds_is_read_in_linear_time(name: str) -> None:
    data = headers()[name]
    began = time.thread_time()
    with suppress(GalleryError):
        read_header(io.BytesIO(data))
    assert time.thread_time() - began < SECONDS


@pytest.mark.parametrize("name", structures())
def test_what_is_left_out_of_a_file_is_found_in_linear_time(name: str) -> None:
    data, kind = structures()[name], Format.HEIC if name.startswith("HEIC") else Format.AVIF
    began = time.thread_time()
    check_bounds(read_header(io.BytesIO(data)), Limits())
    tracemalloc.start()
    try:
        with suppress(CannotStripMetadata):
            strip(io.BytesIO(data), kind)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.thread_time() - began < SECONDS
    assert peak < 40_000_000


def test_a_long_animation_is_refused_by_its_first_frames(tmp_path: Path) -> None:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\0"
    (tmp_path / "long.gif").write_bytes(b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0) + frame * 1_300_000)
    with (tmp_path / "long.gif").open("rb") as file:
        with pytest.raises(TooManyFrames):
            check_bounds(read_header(file), Limits())
        assert file.tell() < 1_000_000
