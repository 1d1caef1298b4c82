"""Odd files that every decoder takes: bytes between segments, behind boxes, blocks and chunks that say nothing."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

from PIL import Image

from tests.cases import Case
from tests.cases.gifs import frame, gif
from tests.cases.heif import heif, items_of
from tests.cases.motifs import confetti, leaves, painted, patches, rings, sunset, wheel
from tests.cases.pngs import chunk
from tests.render_fixtures import encoded

KIND = "odd, but decoded by everybody"
_EXTENSIONS = {"jpeg": "jpg"}


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("jpeg-fill-bytes", "hundreds of fill bytes before the frame", _filled, _wheel),
        _case("jpeg-junk-long", "20 KB between two segments, 0xFF and 0 among them", _junk, _confetti),
        _case("jpeg-stuffed", "0xFF and 0 between two segments, as in coded data", _stuffed, _rings),
        _case("jpeg-no-length", "a segment whose length is 0", _no_length, _sunset),
        _case("jpeg-bad-mpf", "an index of further pictures that makes no sense", _index, _leaves),
        _case("jpeg-bad-exif", "EXIF whose directory leads out of it", _exif, _patches),
        _case("jpeg-trailer", "an XML trailer, markers among its bytes", _trailer, _sunset),
        _case("jpeg-late-app", "a segment of metadata behind the tables, right before the scan", _late, _greens),
        _case("avif-free", "a box of free space without an end behind the others", _avif_free, _confetti),
        _case("avif-half-box", "a box that is longer than what is left of the file", _avif_half, _rings),
        _case("avif-mif1", "no brand but a general one", _avif_general, _leaves),
        _case("heic-sequence-brand", "the brands of a sequence, and no sequence", _heic_brands, _wheel),
        _case("heic-zeros", "100 bytes of zero behind the last box", _heic_zeros, _wheel),
        _case("gif-garbage", "bytes that begin no block, behind the frame", _gif_garbage, _few_rings),
        _case("gif-cut-extension", "an extension that is cut off, behind the frame", _gif_extension, _few_leaves),
        _case("gif-no-screen", "a screen of 0 × 0 pixels", _gif_screen, _few_sunset),
        _case("gif-stray-control", "controls and comments between the frame and the trailer", _gif_stray, _few_wheel),
        _case("webp-long-riff", "a container that is said to be longer than the file", _webp_long, _sunset),
        _case("webp-short-riff", "a container that is said to be shorter than its picture", _webp_short, _patches),
        _case("webp-trailer", "text behind the container", _webp_trailer, _confetti),
        _case("png-behind-end", "another picture behind the last chunk", _png_behind, _rings),
        _case("png-text-between", "a text between two chunks of pixels", _png_between, _leaves),
        _case("png-private", "a private chunk with a wrong checksum", _png_private, _wheel),
    ]


def _case(name: str, about: str, data: Callable[[], bytes], reference: Callable[[], Image.Image]) -> Case:
    kind = name.partition("-")[0]
    return Case(
        name=f"odd-{name}.{_EXTENSIONS.get(kind, kind)}",
        kind=KIND,
        about=about,
        data=data,
        size=reference().size,
        reference=reference,
    )


def _wheel() -> Image.Image:
    return painted(wheel, (180, 120))


def _confetti() -> Image.Image:
    return confetti((200, 140), 5)


def _rings() -> Image.Image:
    return painted(rings, (160, 100))


def _leaves() -> Image.Image:
    return painted(leaves, (120, 160))


def _patches() -> Image.Image:
    return painted(patches, (192, 128))


def _sunset() -> Image.Image:
    return painted(sunset, (210, 90))


def _greens() -> Image.Image:
    return painted(leaves, (96, 96))


def _few(picture: Image.Image) -> Image.Image:
    return picture.quantize(256, dither=Image.Dither.NONE)


def _few_rings() -> Image.Image:
    return _few(painted(rings, (90, 70))).convert("RGB")


def _few_leaves() -> Image.Image:
    return _few(painted(leaves, (70, 90))).convert("RGB")


def _few_sunset() -> Image.Image:
    return _few(painted(sunset, (80, 60))).convert("RGB")


def _few_wheel() -> Image.Image:
    return _few(painted(wheel, (100, 40))).convert("RGB")


def _jpeg(picture: Image.Image) -> bytes:
    return encoded(picture, "JPEG", quality=92)


def inserted(data: bytes, marker: bytes, extra: bytes) -> bytes:
    """A JPEG with bytes before the first segment of a kind."""
    at = data.index(marker)
    return data[:at] + extra + data[at:]


def _filled() -> bytes:
    return inserted(_jpeg(_wheel()), b"\xff\xc0", b"\xff" * 300)


def _junk() -> bytes:
    noise = random.Random(1).randbytes(20_000).replace(b"\xff", b"\xff\0")
    return inserted(_jpeg(_confetti()), b"\xff\xdb", noise)


def _stuffed() -> bytes:
    return inserted(_jpeg(_rings()), b"\xff\xc4", b"\xff\0\xff\0\x12")


def _no_length() -> bytes:
    return inserted(_jpeg(_sunset()), b"\xff\xdb", b"\xff\xe5\0\0")


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _index() -> bytes:
    body = b"MPF\0II*\0" + struct.pack("<IHHHII", 8, 1, 0xB001, 4, 1 << 31, 1 << 31)
    return inserted(_jpeg(_leaves()), b"\xff\xdb", _segment(0xE2, body))


def _exif() -> bytes:
    return inserted(_jpeg(_patches()), b"\xff\xdb", _segment(0xE1, b"Exif\0\0MM\0*" + b"\xff" * 40))


def _trailer() -> bytes:
    return _jpeg(_sunset()) + b"<trailer>\xff\xd8\xff\xda\xff\xc0\xff\xff</trailer>" * 20


def _late() -> bytes:
    return inserted(_jpeg(_greens()), b"\xff\xda", _segment(0xED, b"Photoshop 3.0\0" + bytes(500)))


def _avif(picture: Image.Image) -> bytes:
    return encoded(picture, "AVIF", quality=90)


def _avif_free() -> bytes:
    return _avif(_confetti()) + bytes(4) + b"free" + b"nothing" * 9


def _avif_half() -> bytes:
    return _avif(_rings()) + struct.pack(">I", 5000) + b"mdat" + bytes(100)


def _avif_general() -> bytes:
    return heif(items_of(_avif(_leaves())), brands=(b"mif1", b"miaf"))


def _heic_brands() -> bytes:
    return heif(items_of(encoded(_wheel(), "HEIF", quality=90)), brands=(b"msf1", b"hevc", b"heic", b"mif1"))


def _heic_zeros() -> bytes:
    return encoded(_wheel(), "HEIF", quality=90) + bytes(100)


def _one_frame(picture: Image.Image, screen: tuple[int, int] | None = None) -> bytes:
    few = _few(picture)
    return gif(screen or few.size, [frame(few, (0, 0))], bytes(few.getpalette() or ()).ljust(768, b"\0"))


def _gif_garbage() -> bytes:
    return _one_frame(painted(rings, (90, 70)))[:-1] + b"\x00\x77 some more \x2c"


def _gif_extension() -> bytes:
    return _one_frame(painted(leaves, (70, 90)))[:-1] + b"\x21\xff\x0bNETSCA"


def _gif_screen() -> bytes:
    return _one_frame(painted(sunset, (80, 60)), (0, 0))


def _gif_stray() -> bytes:
    stray = b"\x21\xf9\x04\x01\x00\x00\x00\x00" + b"\x21\xfe\x00" + b"\x21\xfe\x05hello\x00" + b"\x21\x99\x01x\x00"
    return _one_frame(painted(wheel, (100, 40)))[:-1] + stray + b";"


def _webp(picture: Image.Image, **options: object) -> bytes:
    return encoded(picture, "WEBP", quality=92, **options)


def _said(data: bytes, more: int) -> bytes:
    return data[:4] + struct.pack("<I", int.from_bytes(data[4:8], "little") + more) + data[8:]


def _webp_long() -> bytes:
    return _said(_webp(_sunset()), 4000)


def _webp_short() -> bytes:
    return _said(_webp(_patches(), exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"), -200)


def _webp_trailer() -> bytes:
    return _webp(_confetti()) + b"made by a program that signs its files"


def _png_behind() -> bytes:
    return encoded(_rings(), "PNG") + encoded(_wheel(), "PNG")


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def joined(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks, with right checksums."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def _png_between() -> bytes:
    head, (_, pixels), end = _chunks(encoded(_leaves(), "PNG"))
    return joined([head, (b"IDAT", pixels[:99]), (b"tEXt", b"a\0b"), (b"IDAT", pixels[99:]), end])


def _png_private() -> bytes:
    data = encoded(_wheel(), "PNG")
    return data[:33] + chunk(b"prVt", b"private")[:-4] + b"oops" + data[33:]
