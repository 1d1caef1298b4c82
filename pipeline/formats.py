"""The accepted formats, recognised by content, and what their headers tell without decoding.

This is the face of the package's knowledge of pictures: `identify` at the door, `read_header` for what a
record shows, `check_bounds` for what a worker can bear.
"""

from __future__ import annotations

from typing import BinaryIO

from pipeline.errors import BrokenHeader, NotAnImage
from pipeline.header import Format, Header
from pipeline.headers import gif, jpeg, png, webp
from pipeline.headers.reading import Truncated
from pipeline.limits import Limits, check_bounds

__all__ = [
    "ACCEPTED_LABEL",
    "HEAD_BYTES",
    "Format",
    "Header",
    "Limits",
    "check_bounds",
    "identify",
    "read_header",
]

# What `identify` needs to see of a file.
HEAD_BYTES = 32

_READERS = {Format.JPEG: jpeg.read, Format.PNG: png.read, Format.GIF: gif.read, Format.WEBP: webp.read}

_LABELS = [format_.label for format_ in Format]
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
    return None


def read_header(stream: BinaryIO) -> Header:
    """Read a picture's header from the start of a seekable stream.

    Raise `NotAnImage` where no accepted format is found, `BrokenHeader` where the header of one is damaged or
    tells of a kind that no decoder here knows.
    """
    stream.seek(0)
    found = identify(stream.read(HEAD_BYTES))
    if found is None:
        raise NotAnImage(ACCEPTED_LABEL)
    stream.seek(0)
    try:
        header = _READERS[found](stream)
    except Truncated:
        raise BrokenHeader(found.label) from None
    if not header.pixels:
        raise BrokenHeader(found.label)
    return header
