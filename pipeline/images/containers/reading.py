"""Reading fixed amounts from a stream that may end too early, and the one EXIF value that matters here."""

from __future__ import annotations

import struct
from typing import BinaryIO

# As much of an EXIF block is looked into: its first directory is near its start, and its thumbnail behind that.
EXIF_BYTES = 1024 * 1024

# Of a directory; those that matter here are among its first.
MOST_ENTRIES = 1000

_ORIENTATION = 0x0112
# Types of unsigned numbers: BYTE, SHORT, LONG.
_NUMBERS = {1: "B", 3: "H", 4: "I"}


class Truncated(Exception):
    """The stream ended, or does not say what its format demands."""


def take(stream: BinaryIO, count: int) -> bytes:
    """Exactly `count` bytes; raise `Truncated` where fewer are left."""
    data = stream.read(count)
    if len(data) != count:
        raise Truncated
    return data


def orientation_of(exif: bytes) -> int:
    """The orientation (1 to 8) in an EXIF block, with or without its `Exif` prefix; 1 if there is none.

    As in browsers (CSS Images 3, `image-orientation`), a value that makes no sense is as none, and the prefix may end
    in any two bytes. Unlike there, the number may be of any length: some phones write it so, and others read it.
    """
    tiff = exif[6:] if exif.startswith(b"Exif") else exif
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(min(entries, MOST_ENTRIES)):
            at = start + 2 + 12 * entry
            tag, kind, count = struct.unpack_from(f"{order}HHI", tiff, at)
            if tag == _ORIENTATION:
                value = struct.unpack_from(order + _NUMBERS[kind], tiff, at + 8)[0] if kind in _NUMBERS else 0
                return int(value) if count == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
