"""GIF: its blocks from the first to the last (GIF89a specification)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.images.containers.reading import Truncated, take
from pipeline.images.header import Format, Header

# Sub-blocks hold 255 bytes: this is 250 MB of them.
_SUBBLOCKS = 1_000_000
# Frames and extensions: an animation of as many frames as are accepted has a third of these.
_MOST_BLOCKS = 20_000
_LEAST_READ, _MOST_READ = 256, 64 * 1024

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, not decoded. `x`, `y`, `width` and `height` are its place on the screen in pixels, `palette` its own
    colours or the file's (RGB, three bytes each; empty if there are none), `transparent` the index that paints
    nothing. `disposal` says what becomes of it before the next one: 2 clears its place, 3 brings back what was there.
    Its pixels begin at the byte `start` of the file."""

    x: int
    y: int
    width: int
    height: int
    palette: bytes
    interlaced: bool
    transparent: int | None
    disposal: int
    hundredths: int
    start: int


@dataclass(slots=True)
class _Blocks:
    """How many blocks and sub-blocks may still come, and how many bytes the extensions have held so far; whether the
    last block was whole, and whether it was the trailer."""

    blocks: int = _MOST_BLOCKS
    left: int = _SUBBLOCKS
    held: int = 0
    whole: bool = True
    ended: bool = False


def read(stream: BinaryIO) -> Header:
    """Count the frames and add up their delays. The first one enlarges a screen that it goes beyond, as in Chromium;
    later ones are cut to it."""
    blocks = _Blocks()
    width, height, palette = _screen(stream)
    count, hundredths, largest = 0, 0, 0
    for frame in _frames(stream, palette, blocks):
        if not count:
            width, height = max(width, frame.x + frame.width), max(height, frame.y + frame.height)
        count, hundredths = count + 1, hundredths + frame.hundredths
        largest = max(largest, frame.width * frame.height)
    if not count:
        raise Truncated
    return Header(
        format=Format.GIF,
        width=width,
        height=height,
        frames=count,
        duration_ms=hundredths * 10,
        samples=1.0,
        held=blocks.held,
        coded_pixels=largest,
        ended=blocks.ended,
        cut_frames=count > 1 and not blocks.whole,
    )


def frames(stream: BinaryIO) -> Iterator[Frame]:
    """The frames from the start of a seekable stream on. Between two of them it may be read elsewhere."""
    stream.seek(0)
    _, _, palette = _screen(stream)
    yield from _frames(stream, palette, _Blocks())


def cut_block(stream: BinaryIO, frame: Frame) -> tuple[int, int] | None:
    """Where the sub-block begins that the file ends in, and how many of its bytes are there; None for a whole frame."""
    end = stream.seek(0, 2)
    at = frame.start + 1
    for _ in range(_SUBBLOCKS):
        stream.seek(at)
        size = stream.read(1)
        if not size:
            return at, 0
        if not size[0]:
            return None
        if at + 1 + size[0] > end:
            return at, end - at - 1
        at += 1 + size[0]
    return None


def _screen(stream: BinaryIO) -> tuple[int, int, bytes]:
    """Width and height of the screen, and the colours of all frames that have none of their own."""
    if take(stream, 6) not in (b"GIF87a", b"GIF89a"):
        raise Truncated
    width, height, flags = struct.unpack("<HHB", take(stream, 5))
    stream.seek(2, 1)
    return width, height, _palette(stream, flags)


def _frames(stream: BinaryIO, shared: bytes, blocks: _Blocks) -> Iterator[Frame]:
    """The frames as far as they go: to the trailer, to a cut, or to a byte that begins no block."""
    with suppress(Truncated):
        yield from _walk(stream, shared, blocks)


def _walk(stream: BinaryIO, shared: bytes, blocks: _Blocks) -> Iterator[Frame]:
    control = bytes(4)
    while blocks.left > 0 and blocks.blocks > 0:
        kind = take(stream, 1)
        if kind[0] == _TRAILER:
            blocks.ended = True
            return
        blocks.blocks, blocks.left = blocks.blocks - 1, blocks.left - 1
        if kind[0] == _IMAGE:
            x, y, width, height, flags = struct.unpack("<HHHHB", take(stream, 9))
            palette = _palette(stream, flags) or shared
            start = stream.tell()
            take(stream, 2)
            yield Frame(
                x,
                y,
                width,
                height,
                palette,
                interlaced=bool(flags & 0x40),
                transparent=control[3] if control[0] & 1 else None,
                disposal=control[0] >> 2 & 7,
                hundredths=int.from_bytes(control[1:3], "little"),
                start=start,
            )
            control = bytes(4)
            stream.seek(start + 1)
        elif kind[0] == _EXTENSION:
            if take(stream, 1)[0] == _GRAPHIC_CONTROL:
                control = take(stream, take(stream, 1)[0])[:4].ljust(4, b"\0")
        else:
            break  # Decoders stop at such a byte too, with the frames they have.
        count, blocks.whole = _skip_subblocks(stream, blocks.left)
        blocks.left -= count
        blocks.held += count * 255 * (kind[0] == _EXTENSION)


def _palette(stream: BinaryIO, flags: int) -> bytes:
    return take(stream, 3 << ((flags & 7) + 1)) if flags & 0x80 else b""


def _skip_subblocks(stream: BinaryIO, most: int) -> tuple[int, bool]:
    """Skip a chain of sub-blocks: how many there were, at most some `most`, and whether it came to its end.

    Read in blocks that grow: short chains are followed by the next frame, long ones by themselves.
    """
    count, size = 0, _LEAST_READ
    while count < most and (data := stream.read(size)):
        at = 0
        while at < len(data):
            if not (step := data[at]):
                stream.seek(at + 1 - len(data), 1)
                return count, True
            at, count = at + 1 + step, count + 1
        stream.seek(at - len(data), 1)
        size = min(2 * size, _MOST_READ)
    return count, False
