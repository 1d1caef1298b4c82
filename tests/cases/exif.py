"""An orientation in odd places: after two other bytes, in large blocks, behind other segments."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from tests.cases import Case
from tests.cases.motifs import leaves, painted, patches, rings, sunset, wheel
from tests.cases.pngs import chunk
from tests.render_fixtures import encoded

KIND = "EXIF in odd places"
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    8: Image.Transpose.ROTATE_90,
}


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("jpeg-two-ff", "`Exif` and 0xFF twice before the TIFF header", _two_ff, _wheel, 8),
        _case("jpeg-behind-xmp", "behind XMP, in the second APP1 segment", _behind_xmp, _rings, 6),
        _case("jpeg-big-endian", "in Motorola's order, its directory at the end of 60 KB", _big_endian, _leaves, 5),
        _case("jpeg-long", "a number of 32 bits, as some phones write it", _jpeg_long, _patches, 6),
        _case("webp-byte", "a number of 8 bits", _webp_byte, _sunset, 8),
        _case("png-two", "two blocks, of which the first counts", _png_two, _leaves, 6),
        _case("png-large", "a block of 300 KB, its directory first", _png_large, _sunset, 6),
        _case("png-far", "a block of 80 KB, its directory at the end", _png_far, _patches, 3),
        _case("png-prefixed", "a block of 70 KB that begins with `Exif`, 0, 0", _png_prefixed, _wheel, 8),
        _case("png-late", "a large block behind the pixels", _png_late, _rings, 2),
        _case("webp-large", "a block of 100 KB", _webp_large, _leaves, 6),
    ]


def _case(name: str, about: str, data: Callable[[], bytes], lying: Callable[[], Image.Image], orientation: int) -> Case:
    def reference() -> Image.Image:
        return lying().transpose(_TURNS[orientation])

    kind = name.partition("-")[0]
    extension = {"jpeg": "jpg"}.get(kind, kind)
    size = reference().size
    return Case(name=f"exif-{name}.{extension}", kind=KIND, about=about, data=data, size=size, reference=reference)


def _wheel() -> Image.Image:
    return painted(wheel, (180, 110))


def _rings() -> Image.Image:
    return painted(rings, (160, 120))


def _leaves() -> Image.Image:
    return painted(leaves, (150, 90))


def _sunset() -> Image.Image:
    return painted(sunset, (200, 120))


def _patches() -> Image.Image:
    return painted(patches, (192, 128))


def _tiff(orientation: int, order: str = "<", start: int = 8, size: int = 0) -> bytes:
    """A block of that size with one entry, its directory at the byte `start`."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start)
    entry = struct.pack(f"{order}HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    return (head.ljust(start, b"\x11") + entry).ljust(size, b"\x11")


def _jpeg(picture: Image.Image, *bodies: bytes) -> bytes:
    data = encoded(picture, "JPEG", quality=92, subsampling=0)
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body for body in bodies)
    return data[:2] + segments + data[2:]


def _two_ff() -> bytes:
    return _jpeg(_wheel(), b"Exif\xff\xff" + _tiff(8))


def _behind_xmp() -> bytes:
    return _jpeg(_rings(), b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>", b"Exif\0\0" + _tiff(6))


def _big_endian() -> bytes:
    return _jpeg(_leaves(), b"Exif\0\0" + _tiff(5, ">", 60_000))


def _jpeg_long() -> bytes:
    entry = struct.pack(">HHHII", 1, 0x0112, 4, 1, 6)
    return _jpeg(_patches(), b"Exif\0\0MM\0*\0\0\0\x08" + entry + bytes(4))


def _webp_byte() -> bytes:
    entry = struct.pack(">HHHIBxxx", 1, 0x0112, 1, 1, 8)
    return encoded(_sunset(), "WEBP", quality=92, exif=b"MM\0*\0\0\0\x08" + entry + bytes(4))


def _png(picture: Image.Image, *blocks: bytes) -> bytes:
    data = encoded(picture, "PNG")
    return data[:33] + b"".join(chunk(b"eXIf", block) for block in blocks) + data[33:]


def _png_two() -> bytes:
    return _png(_leaves(), _tiff(6), _tiff(3))


def _png_large() -> bytes:
    return _png(_sunset(), _tiff(6, size=300_000))


def _png_far() -> bytes:
    return _png(_patches(), _tiff(3, ">", 80_000))


def _png_prefixed() -> bytes:
    return _png(_wheel(), b"Exif\0\0" + _tiff(8, size=70_000))


def _png_late() -> bytes:
    data = encoded(_rings(), "PNG")
    return data[:-12] + chunk(b"eXIf", _tiff(2, size=90_000)) + data[-12:]


def _webp_large() -> bytes:
    return encoded(_leaves(), "WEBP", quality=92, exif=_tiff(6, size=100_000))
