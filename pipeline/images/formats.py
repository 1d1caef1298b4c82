"""The accepted formats, recognised by content, and what their headers tell without decoding.

This is the face of the package's knowledge of pictures: `identify` at the door, `read_header` for what a
record shows, `check_bounds` for what a worker can bear.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import BinaryIO

from pipeline.errors import BrokenHeader, NotAnImage
from pipeline.images.containers import gif, heif, jpeg, png, webp
from pipeline.images.containers.reading import Truncated
from pipeline.images.header import Format, Header
from pipeline.images.limits import Limits, check_bounds

__all__ = [
    "ACCEPTED_LABEL",
    "ACCEPTED_TYPES",
    "HEAD_BYTES",
    "Format",
    "Header",
    "Limits",
    "check_bounds",
    "identify",
    "read_header",
]

# What `identify` needs to see of a file.
HEAD_BYTES = 64

_READERS = {
    Format.JPEG: jpeg.read,
    Format.PNG: png.read,
    Format.GIF: gif.read,
    Format.WEBP: webp.read,
    Format.HEIC: heif.read_heic,
    Format.AVIF: heif.read_avif,
}

# Their decoders want the whole file in memory.
_READ_WHOLE = {Format.WEBP, Format.HEIC, Format.AVIF}

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis"}
_AVIF_BRANDS = {b"avif", b"avis"}

# What people send by mistake, to be named in the refusal.
_OTHERS = {
    b"II*\x00": "a TIFF or raw photo",
    b"MM\x00*": "a TIFF or raw photo",
    b"BM": "a BMP",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF",
    b"<svg": "an SVG",
    b"<?xml": "an SVG or XML file",
    b"\xff\x0a": "a JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000",
    b"\x00\x00\x01\x00": "an icon",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1aE\xdf\xa3": "a video",
}

_LABELS = [format_.label for format_ in Format]
# What a file dialogue looks for; systems that don't know HEIC tell it by its extension.
ACCEPTED_TYPES = (*(format_.content_type for format_ in Format), "image/heif", ".heic", ".heif")
ACCEPTED_LABEL = f"{', '.join(_LABELS[:-1])} or {_LABELS[-1]}"


def identify(head: bytes) -> Format | None:
    """The format of a file by its first `HEAD_BYTES` bytes; None for everything that is not accepted."""
    if head.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format.PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Format.GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and head[12:16] in (b"VP8 ", b"VP8L", b"VP8X"):
        return Format.WEBP
    if head[4:8] == b"ftyp":
        return _by_brands(head[8 : min(len(head), int.from_bytes(head[:4]))])
    return None


def _by_brands(brands: bytes) -> Format | None:
    """By the major brand, or the first compatible one that says what a general one (`mif1`) leaves open."""
    for start in (0, *range(8, len(brands), 4)):
        brand = brands[start : start + 4]
        if brand in _AVIF_BRANDS:
            return Format.AVIF
        if brand in _HEIC_BRANDS:
            return Format.HEIC
    return None


def _other(head: bytes) -> str:
    """What else the file seems to be, with its article; nothing where that can't be said."""
    if head[4:8] == b"ftyp":
        return "a video"
    return next((name for start, name in _OTHERS.items() if head.startswith(start)), "")


def read_header(stream: BinaryIO) -> Header:
    """Read a picture's header from the start of a seekable stream.

    Raise `NotAnImage` where no accepted format is found, `BrokenHeader` where the header of one is damaged or
    tells of a kind that no decoder here knows.
    """
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    found = identify(head)
    if found is None:
        raise NotAnImage(ACCEPTED_LABEL, _other(head))
    stream.seek(0)
    try:
        header = _READERS[found](stream)
        if found in _READ_WHOLE:
            header = replace(header, held=stream.seek(0, 2))
    except (Truncated, OverflowError):
        raise BrokenHeader(found.label) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # else a length that leads beyond every file
            raise
        raise BrokenHeader(found.label) from None
    if not header.pixels:
        raise BrokenHeader(found.label)
    return header
