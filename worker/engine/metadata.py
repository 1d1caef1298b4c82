"""The EXIF block and the XMP packet of a file of any format, as far as they are looked into."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from pipeline.images.containers import jpeg, png, webp
from pipeline.images.containers.heif import items_of
from pipeline.images.containers.reading import EXIF_BYTES
from pipeline.images.formats import Format

_APP1, _XMP_IN_JPEG = 0xE1, b"http://ns.adobe.com/xap/1.0/\x00"
_XMP_IN_PNG = b"XML:com.adobe.xmp"
_OFFSET_BYTES = 4
# Of all items of a HEIF file: thousands may point at the same bytes.
_ITEMS_BYTES = 4 * EXIF_BYTES

Blocks = tuple[bytes, bytes]
"""EXIF and XMP; empty for what is not there."""


def blocks_of(file: BinaryIO, kind: Format) -> Blocks:
    """The first block of each kind; raises whatever a damaged file leads to."""
    match kind:
        case Format.JPEG:
            return _of_jpeg(file)
        case Format.PNG:
            return _of_png(file)
        case Format.WEBP:
            return _of_webp(file)
        case Format.HEIC | Format.AVIF:
            return _of_heif(file)
        case _:
            return b"", b""


def _of_jpeg(file: BinaryIO) -> Blocks:
    exif = xmp = b""
    for segment in jpeg.segments(file):
        if segment.marker == _APP1:
            data = file.read(segment.length)
            if data.startswith(b"Exif"):
                exif = exif or data[6:]
            elif data.startswith(_XMP_IN_JPEG):
                xmp = xmp or data.removeprefix(_XMP_IN_JPEG)
    return exif, xmp


def _of_png(file: BinaryIO) -> Blocks:
    exif = xmp = b""
    for chunk in png.chunks(file):
        if chunk.name == b"eXIf" and not exif:
            exif = png.sound(file, chunk, EXIF_BYTES) or b""
        elif chunk.name == b"iTXt" and not xmp and file.read(len(_XMP_IN_PNG)) == _XMP_IN_PNG:
            xmp = _text(png.sound(file, chunk, EXIF_BYTES) or b"")
    return exif, xmp


def _text(chunk: bytes) -> bytes:
    """The text of an iTXt chunk."""
    packed, rest = chunk.partition(b"\0")[2][:1] == b"\x01", chunk.partition(b"\0")[2][2:]
    text = rest.split(b"\0", 2)[-1]
    return zlib.decompressobj().decompress(text, EXIF_BYTES) if packed else text


def _of_webp(file: BinaryIO) -> Blocks:
    found: dict[bytes, bytes] = {}
    for chunk in webp.chunks(file):
        if chunk.name in (b"EXIF", b"XMP ") and chunk.name not in found:
            file.seek(chunk.at)
            found[chunk.name] = file.read(min(chunk.length, EXIF_BYTES))
    return found.get(b"EXIF", b""), found.get(b"XMP ", b"")


def _of_heif(file: BinaryIO) -> Blocks:
    exif, xmp, left = b"", b"", _ITEMS_BYTES
    if (items := items_of(file)) is None:
        return exif, xmp
    for item, kind in items.kinds.items():
        if kind not in (b"Exif", b"mime"):
            continue
        data = b""
        for start, length in items.extents.get(item, ()):
            file.seek(start)
            piece = file.read(min(length, EXIF_BYTES - len(data), left))
            data, left = data + piece, left - len(piece)
        if kind == b"Exif" and not exif:
            exif = data[_OFFSET_BYTES + int.from_bytes(data[:_OFFSET_BYTES]) :]
        elif kind == b"mime" and not xmp and b"<x:xmpmeta" in data:
            xmp = data
    return exif, xmp
