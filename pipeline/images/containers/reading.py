"""Reading fixed amounts from a stream that may end too early, and the one EXIF value that matters here."""

from __future__ import annotations

import struct
from typing import BinaryIO

# As much of an EXIF block is looked into: its first directory is near its start, and its thumbnail behind that.
EXIF_BYTES = 1024 * 1024

# Of a directory; those that matter here are among its first.
MOST_ENTRIES = 1000

_ORIENTATION = 0x0112
_SHORT = 3


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

    Browsers do the same (CSS Images 3, `image-orientation`): a value that makes no sense is as none, and the prefix
    may end in any two bytes.
    """
    tiff = exif[6:] if exif.startswith(b"Exif") else exif
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(min(entries, MOST_ENTRIES)):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if kind == _SHORT and count == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
