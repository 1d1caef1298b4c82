"""GIF: its blocks from the first to the last (GIF89a specification)."""

from __future__ import annotations

import struct
from typing import BinaryIO

from pipeline.images.containers.reading import Truncated, take
from pipeline.images.header import Format, Header

# Sub-blocks hold 255 bytes: this is 250 MB of them.
_SUBBLOCKS = 1_000_000

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9


def read(stream: BinaryIO) -> Header:
    """Count the frames and add up their delays; a frame beyond the screen enlarges it, as decoders do."""
    if take(stream, 6) not in (b"GIF87a", b"GIF89a"):
        raise Truncated
    width, height, flags = struct.unpack("<HHB", take(stream, 5))
    stream.seek(2, 1)
    _skip_palette(stream, flags)
    frames, hundredths, left, held = 0, 0, _SUBBLOCKS, 0
    while left > 0 and (kind := stream.read(1)) and kind[0] != _TRAILER:
        left -= 1
        if kind[0] == _IMAGE:
            x, y, across, down, flags = struct.unpack("<HHHHB", take(stream, 9))
            width, height, frames = max(width, x + across), max(height, y + down), frames + 1
            _skip_palette(stream, flags)
            stream.seek(1, 1)
        elif kind[0] == _EXTENSION:
            if take(stream, 1)[0] == _GRAPHIC_CONTROL:
                size = take(stream, 1)[0]
                control = take(stream, size)
                hundredths += int.from_bytes(control[1:3], "little")
        else:
            break  # Decoders stop at such a byte too, with the frames they have.
        blocks = _skip_subblocks(stream, left)
        left -= blocks
        held += blocks * 255 * (kind[0] == _EXTENSION)
    if not frames:
        raise Truncated
    return Header(
        format=Format.GIF,
        width=width,
        height=height,
        frames=frames,
        duration_ms=hundredths * 10,
        samples=1.0,
        held=held,
    )


def _skip_palette(stream: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        stream.seek(3 << ((flags & 7) + 1), 1)


def _skip_subblocks(stream: BinaryIO, most: int) -> int:
    """Skip to the end of a chain of sub-blocks and return how many there were, at most `most`."""
    for count in range(most):
        size = stream.read(1)
        if not size or not size[0]:
            return count
        stream.seek(size[0], 1)
    return most
