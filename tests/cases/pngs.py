"""PNG files that Pillow does not write: every depth, interlaced or not, with chunks of one's own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from tests.cases.colour_science import CHROMATICITIES

Chunk = tuple[bytes, bytes]

GREY, RGB, PALETTE, RGBA = 0, 2, 3, 6
_SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, RGBA: 4}
# x and y of the first pixel, and the steps, of Adam7's passes.
_PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name: bytes, data: bytes) -> bytes:
    """The bytes of one chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    size: tuple[int, int],
    kind: int,
    pixels: bytes,
    before: Sequence[Chunk] = (),
    *,
    bits: int = 8,
    after: Sequence[Chunk] = (),
    interlaced: bool = False,
) -> bytes:
    """A file whose `pixels` are rows of whole bytes, 8 or 16 bits a sample, and whose other chunks stand `before` the
    pixels or `after` them."""
    width, height = size
    step = _SAMPLES[kind] * bits // 8
    stride = width * step
    rows = [pixels[at : at + stride] for at in range(0, stride * height, stride)]
    lines = []
    for x, y, across, down in _PASSES if interlaced else [(0, 0, 1, 1)]:
        for row in rows[y::down]:
            line = b"".join(row[at : at + step] for at in range(x * step, stride, across * step)) if interlaced else row
            if line:
                lines.append(b"\0" + line)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlaced))
    packed = zlib.compress(b"".join(lines))
    # in two pieces, as larger files have them
    middle = chunk(b"IDAT", packed[: len(packed) // 2]) + chunk(b"IDAT", packed[len(packed) // 2 :])
    first, last = (b"".join(chunk(*one) for one in chunks) for chunks in (before, after))
    return b"\x89PNG\r\n\x1a\n" + head + first + middle + last + chunk(b"IEND", b"")


def deep(picture: Image.Image) -> bytes:
    """The samples of a picture at 16 bits, each byte twice."""
    data = picture.tobytes()
    found = bytearray(2 * len(data))
    found[::2] = found[1::2] = data
    return bytes(found)


def gama(gamma: float) -> Chunk:
    """A gAMA chunk."""
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def chrm(name: str) -> Chunk:
    """A cHRM chunk with primaries of `CHROMATICITIES`."""
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in CHROMATICITIES[name]))


def iccp(profile: bytes) -> Chunk:
    """An iCCP chunk."""
    return b"iCCP", b"profile\0\0" + zlib.compress(profile)
