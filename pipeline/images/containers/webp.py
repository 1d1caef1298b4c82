"""WebP: the chunks of its RIFF container (RFC 9649)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.images.containers.reading import EXIF_BYTES, Truncated, orientation_of, take
from pipeline.images.header import Format, Header, upright

_CHUNKS = 100_000

_EXIF_FLAG, _ALPHA_FLAG = 0x08, 0x10
_FRAME_HEAD = 16


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its name, and where its data is in the file, in bytes. The last one may be cut off."""

    name: bytes
    at: int
    length: int


def chunks(stream: BinaryIO, start: int = 12, end: int | None = None) -> Iterator[Chunk]:
    """The chunks from `start` to `end` of a file, or within a frame; whatever the file says of its own length."""
    at = start
    for _ in range(_CHUNKS):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8 or (end is not None and at + 8 > end):
            return
        found = Chunk(head[:4], at + 8, int.from_bytes(head[4:], "little"))
        yield found
        at = found.at + found.length + found.length % 2


def read(stream: BinaryIO) -> Header:
    """Read the size from the first chunk, and the frames and EXIF of an extended file from the others."""
    stream.seek(0)
    head = take(stream, 12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise Truncated
    walk = chunks(stream)
    first = next(walk, None)
    if first is None:
        raise Truncated
    stream.seek(first.at)
    canvas = take(stream, 10)
    if first.name != b"VP8X":
        width, height, alpha = _still(first.name, canvas)
        return Header(format=Format.WEBP, width=width, height=height, samples=3.0 + alpha)
    width = int.from_bytes(canvas[4:7], "little") + 1
    height = int.from_bytes(canvas[7:10], "little") + 1
    frames, duration, orientation = 0, 0, 1
    for chunk in walk:
        stream.seek(chunk.at)
        if chunk.name == b"ANMF" and len(frame := stream.read(_FRAME_HEAD)) == _FRAME_HEAD:
            frames, duration = frames + 1, duration + int.from_bytes(frame[12:15], "little")
        elif chunk.name == b"EXIF" and canvas[0] & _EXIF_FLAG:
            orientation = orientation_of(stream.read(min(chunk.length, EXIF_BYTES)))
    width, height = upright(width, height, orientation)
    return Header(
        format=Format.WEBP,
        width=width,
        height=height,
        orientation=orientation,
        frames=max(frames, 1),
        duration_ms=duration,
        samples=3.0 + bool(canvas[0] & _ALPHA_FLAG),
    )


def _still(name: bytes, data: bytes) -> tuple[int, int, bool]:
    """Width, height and alpha of a plain lossy (`VP8 `) or lossless (`VP8L`) picture."""
    if name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
        return width & 0x3FFF, height & 0x3FFF, False
    if name == b"VP8L" and data[0] == 0x2F:
        packed = int.from_bytes(data[1:5], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, bool(packed >> 28 & 1)
    raise Truncated
