"""Small files that make a parser take as many steps as it will, or more than their length lets expect."""

from __future__ import annotations

import struct
import zlib

from tests.heif_files import box, full

LENGTH = 1_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_GIF = b"GIF89a" + struct.pack("<HHBBB", 9, 9, 0, 0, 0)
_WEBP = b"RIFF\xf8\xff\x0f\x00WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\x08\0\0\x08\0\0"
_HEIC, _AVIF = box(b"ftyp", b"heic\0\0\0\0heicmif1"), box(b"ftyp", b"avif\0\0\0\0avifmif1")
_SIZE = full(b"ispe", struct.pack(">II", 64, 64))
_UNIT = b"\0\0\0\2\0\0"


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def headers() -> dict[str, bytes]:
    """The beginnings of pictures, and about a megabyte of what makes each format's parser take most steps."""
    png = _PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))
    nested = b"".join(struct.pack(">I", LENGTH - 12 * n) + b"meta" + bytes(4) for n in range(80_000))
    items = b"".join(full(b"infe", struct.pack(">HH", n % 65536, 0) + b"hvc1\0", version=2) for n in range(45_000))
    tracks = box(b"moov", box(b"trak", box(b"mdia", box(b"hdlr", bytes(8)) * 1000)) * 10)
    return {
        "JPEG of fill bytes": _JPEG + b"\xff" * LENGTH,
        "JPEG of empty segments": _JPEG + b"\xff\xe1\0\2" * (LENGTH // 4),
        "JPEG of markers in data": _JPEG + b"\xff\xda\0\2" + b"\xff\x00\xff\xd0" * (LENGTH // 4),
        "JPEG of tables": _JPEG + b"\xff\xdb\0\2\xff\xc4\0\2" * (LENGTH // 8),
        "PNG of empty chunks": png + chunk(b"teSt", b"") * (LENGTH // 12),
        "PNG of texts": png + chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(9))) * (LENGTH // 30),
        "PNG of texts that break early": png + _broken_text(60_000) * 8_000,
        "PNG of texts that break late": png + _broken_text(8_000_000) * 120,
        "PNG of frames": png + chunk(b"fcTL", bytes(26)) * (LENGTH // 38),
        "PNG of damaged frames": png + (chunk(b"fcTL", bytes(26))[:-1] + b"x") * (LENGTH // 38),
        "GIF of comments": _GIF + b"\x21\xfe\0" * (LENGTH // 3),
        "GIF of small blocks": _GIF + b"\x21\xfe" + b"\1a" * (LENGTH // 2),
        "GIF of frames": _GIF + (b"\x2c" + bytes(9) + b"\2\0") * (LENGTH // 12),
        "WebP of chunks": _WEBP + b"JUNK\0\0\0\0" * (LENGTH // 8),
        "WebP of frames": _WEBP + (b"ANMF\x10\0\0\0" + bytes(16)) * (LENGTH // 24),
        "HEIC of boxes": _HEIC + box(b"free") * (LENGTH // 8),
        "HEIC of boxes in boxes": _HEIC + nested,
        "HEIC of items": _HEIC + full(b"meta", full(b"iinf", struct.pack(">H", 45_000), items)),
        "HEIC of a long property that all items have": _HEIC + _shared(box(b"auxC", b"a" * LENGTH), 10_000, 250),
        "AVIF of tables of items": _AVIF + _shared(full(b"ispe", bytes(8)), 4_000, 9) * 20,
        "AVIF of tracks": _AVIF + tracks * 5,
        "markup": b"<" * LENGTH,
        "white space": b" \n" * (LENGTH // 2),
    }  # fmt: skip


def _broken_text(size: int) -> bytes:
    """A compressed text whose checksum is right, and whose data turn out to be damaged after `size` bytes."""
    deflate = zlib.compressobj(9)
    data = deflate.compress(bytes(size)) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return chunk(b"zTXt", b"x\0\0" + data + b"\x07")


def _shared(prop: bytes, items: int, times: int) -> bytes:
    """The metadata of so many items, each of which names the second property so many times."""
    owners = b"".join(struct.pack(">HB", n + 1, times) + b"\1" + b"\2" * (times - 1) for n in range(items))
    properties = box(b"iprp", box(b"ipco", _SIZE, prop), full(b"ipma", struct.pack(">I", items), owners))
    return full(b"meta", full(b"pitm", b"\0\1"), properties)


def structures() -> dict[str, bytes]:
    """HEIC and AVIF files with good headers, whose parts lie upon each other thousands of times."""
    exif = bytes(4) + b"MM\0*" + struct.pack(">IH", 8, 65535) + struct.pack(">HHII", 0x8769, 4, 1, 8) * 65535
    text = b"<a " + b" ".join(b'b%d=""' % number for number in range(9000)) + b"/>"
    return {
        "HEIC of one picture in thousands of parts": _file([(b"hvc1", b"")], _UNIT, parts=9_000),
        "HEIC of thousands of Exif items": _file([(b"hvc1", b""), *[(b"Exif", b"")] * 3_000], _UNIT, exif),
        "HEIC of thousands of texts": _file(
            [(b"hvc1", b""), *[(b"mime", b"application/rdf+xml\0")] * 3_000], _UNIT, text
        ),
        "AVIF of samples of many tracks": _file([(b"hvc1", b"")], _UNIT, brand=b"avif", tracks=20),
    }


def _file(
    items: list[tuple[bytes, bytes]],
    picture: bytes,
    other: bytes = b"",
    *,
    parts: int = 1,
    brand: bytes = b"heic",
    tracks: int = 0,
) -> bytes:
    """A file of items by kind and content type: the first is a picture, in so many equal parts; all others are one and
    the same range."""
    coding = box(b"hvcC", bytes(21) + b"\3\0")
    infos = b"".join(
        full(b"infe", struct.pack(">HH", number, 0) + kind + b"\0" + content, version=2)
        for number, (kind, content) in enumerate(items, 1)
    )
    owners = struct.pack(">IHBBB", 1, 1, 2, 1, 2)

    def whole(start: int) -> bytes:
        places = struct.pack(">HHH", 1, 0, parts) + struct.pack(">II", start, len(picture)) * parts
        for number in range(2, len(items) + 1):
            places += struct.pack(">HHHII", number, 0, 1, start + len(picture), len(other))
        return box(b"ftyp", brand + b"\0\0\0\0" + brand + b"mif1") + full(
            b"meta",
            full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
            full(b"pitm", b"\0\1"),
            full(b"iinf", struct.pack(">H", len(items)), infos),
            box(b"iprp", box(b"ipco", _SIZE, coding), full(b"ipma", owners)),
            full(b"iloc", b"\x44\0" + struct.pack(">H", len(items)), places),
        )

    start = len(whole(0)) + 8
    moov = box(b"moov", _track(start, len(picture), coding, 50_000) * tracks) if tracks else b""
    return whole(start) + box(b"mdat", picture + other) + moov


def _track(start: int, size: int, coding: bytes, samples: int) -> bytes:
    """A track whose samples are all one and the same."""
    tables = box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1), box(b"hvc1", bytes(78), coding)),
        full(b"stsz", struct.pack(">II", size, samples)),
        full(b"stsc", struct.pack(">IIII", 1, 1, 1, 1)),
        full(b"stco", struct.pack(">I", samples), struct.pack(">I", start) * samples),
    )
    handler = full(b"hdlr", bytes(4) + b"vide" + bytes(13))
    media = box(b"mdia", full(b"mdhd", bytes(20)), handler, box(b"minf", tables))
    return box(b"trak", full(b"tkhd", bytes(80)), media)
