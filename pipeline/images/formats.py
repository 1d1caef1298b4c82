"""The accepted formats, recognised by content, and what their headers tell without decoding.

Entry points of the package: `identify` at the door, `read_header` for what a
record shows, `check_bounds` for what a worker can bear. To add a format, follow docs/formats.md, "Adding a format".
"""

from __future__ import annotations

import errno
import re
from dataclasses import replace
from typing import BinaryIO

from pipeline.errors import BrokenHeader, NotAnImage
from pipeline.images.containers import gif, heif, jpeg, png, webp
from pipeline.images.containers.reading import Truncated
from pipeline.images.header import READ_WHOLE, Format, Header
from pipeline.images.limits import Limits, check_bounds
from pipeline.images.refused_formats import what_it_is

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

# What `identify` needs to see of a file: of a HEIF with no brand of its own kind, the table of its items.
HEAD_BYTES = 4096

_READERS = {
    Format.JPEG: jpeg.read,
    Format.PNG: png.read,
    Format.GIF: gif.read,
    Format.WEBP: webp.read,
    Format.HEIC: heif.read_heic,
    Format.AVIF: heif.read_avif,
}

_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis"), Format.HEIC),
    **dict.fromkeys((b"avif", b"avis"), Format.AVIF),
}
_GENERAL_BRANDS = {b"mif1", b"mif2", b"miaf"}
_CODINGS = {b"hvc1": Format.HEIC, b"av01": Format.AVIF}
# An entry of the table of items: version, flags, number, protection, and how it is coded.
_ITEM = re.compile(rb"infe(?:\x02.{3}.{2}|\x03.{3}.{4}).{2}(.{4})", re.DOTALL)

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
    return _by_brands(head) if head[4:8] == b"ftyp" else None


def _by_brands(head: bytes) -> Format | None:
    """By the first brand that says more than a general one (`mif1`) does, or else by how the items are coded."""
    brands = head[8 : int.from_bytes(head[:4])]
    found = [brands[start : start + 4] for start in (0, *range(8, len(brands), 4))]
    for brand in found:
        if brand in _BRANDS:
            return _BRANDS[brand]
    if not _GENERAL_BRANDS.isdisjoint(found):
        codings = [_CODINGS[kind] for kind in _ITEM.findall(head) if kind in _CODINGS]
        return codings[0] if codings else None
    return None


def read_header(stream: BinaryIO) -> Header:
    """Read a picture's header from the start of a seekable stream.

    Raise `NotAnImage` where no accepted format is found, `BrokenHeader` where the header of one is damaged or
    tells of a kind that no decoder here knows.
    """
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    found = identify(head)
    if found is None:
        raise NotAnImage(ACCEPTED_LABEL, what_it_is(head, stream))
    stream.seek(0)
    try:
        header = _READERS[found](stream)
        if found in READ_WHOLE:
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
