"""Reading fixed amounts from a stream that may end too early, and the one EXIF value that matters here."""

from __future__ import annotations

import struct
from typing import BinaryIO

# An EXIF block longer than this is not looked into: JPEG cannot hold more, and the others have no reason to.
EXIF_BYTES = 65536

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
    """The orientation (1 to 8) in an EXIF block, with or without its `Exif` prefix; 1 where there is none.

    Browsers do the same (CSS Images 3, `image-orientation`): a value that makes no sense is as none.
    """
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(entries):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return int(value) if kind == _SHORT and count == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
