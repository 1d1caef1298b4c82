"""Every expression and loop over what a caller sends takes time in proportion to its length, here a megabyte of the
worst we know for each. What is not linear takes minutes; what is takes some two seconds at the most."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
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

from pipeline.errors import GalleryError
from pipeline.ids import is_id, new_id
from pipeline.images.formats import Format, read_header
from pipeline.names import clean_name
from pipeline.records import Record
from pipeline.settings import Settings
from pipeline.tokens import match, parse_tokens
from web.access.proxies import TrustedProxies
from web.access.sessions import Sessions
from web.access.signin import _local
from web.api import archive, bulk, events
from web.callers import caller_of
from web.pages.upload import refusals
from web.request_log import _ID
from web.server.lanes import probe

LENGTH = 1_000_000
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
        began = time.monotonic()
        with suppress(*REFUSALS):
            function(prefix + long(piece))
        assert time.monotonic() - began < SECONDS, piece


def test_a_thousand_pictures_of_one_name_are_named_in_a_thousand_steps() -> None:
    when = "2026-01-01T00:00:00Z"
    records = [Record(new_id(), "a.png", Format.PNG, 1, 1, 1, "0" * 64, received_at=when) for _ in range(20_000)]
    taken: dict[str, int] = {}
    began = time.monotonic()
    names = [archive._name(record, taken) for record in records]
    assert time.monotonic() - began < SECONDS
    assert names[:3] == ["a.png", "a (2).png", "a (3).png"]
    assert len(set(names)) == len(names)


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + name + data


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def files() -> dict[str, bytes]:
    """The beginnings of pictures, and a megabyte of what makes each format's parser take most steps."""
    jpeg = b"\xff\xd8"
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))
    gif = b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0)
    webp = b"RIFF\xf8\xff\x0f\x00WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\x08\0\0\x08\0\0"
    heic = box(b"ftyp", b"heic\0\0\0\0heicmif1")
    nested = b"".join(struct.pack(">I", LENGTH - 12 * n) + b"meta" + bytes(4) for n in range(80_000))
    items = b"".join(box(b"infe", b"\x02\0\0\0" + struct.pack(">HH", n % 65536, 0) + b"hvc1\0") for n in range(45_000))
    meta = box(b"meta", bytes(4) + box(b"iinf", bytes(4) + struct.pack(">H", 45_000) + items))
    return {
        "JPEG of fill bytes": jpeg + b"\xff" * LENGTH,
        "JPEG of empty segments": jpeg + b"\xff\xe1\0\2" * (LENGTH // 4),
        "JPEG of markers in data": jpeg + b"\xff\xda\0\2" + b"\xff\x00\xff\xd0" * (LENGTH // 4),
        "JPEG of tables": jpeg + b"\xff\xdb\0\2\xff\xc4\0\2" * (LENGTH // 8),
        "PNG of empty chunks": png + chunk(b"teSt", b"") * (LENGTH // 12),
        "PNG of texts": png + chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(9))) * (LENGTH // 30),
        "PNG of frames": png + chunk(b"fcTL", bytes(26)) * (LENGTH // 38),
        "GIF of comments": gif + b"\x21\xfe\0" * (LENGTH // 3),
        "GIF of small blocks": gif + b"\x21\xfe" + b"\1a" * (LENGTH // 2),
        "GIF of frames": gif + (b"\x2c" + bytes(9) + b"\2\0") * (LENGTH // 12),
        "WebP of chunks": webp + b"JUNK\0\0\0\0" * (LENGTH // 8),
        "WebP of frames": webp + (b"ANMF\x10\0\0\0" + bytes(16)) * (LENGTH // 24),
        "HEIC of boxes": heic + box(b"free", b"") * (LENGTH // 8),
        "HEIC of boxes in boxes": heic + nested,
        "HEIC of items": heic + meta,
        "markup": b"<" * LENGTH,
        "white space": b" \n" * (LENGTH // 2),
    }


@pytest.mark.parametrize("name", files())
def test_what_a_file_holds_is_read_in_linear_time(name: str) -> None:
    began = time.monotonic()
    with suppress(GalleryError):
        read_header(io.BytesIO(files()[name]))
    assert time.monotonic() - began < SECONDS
