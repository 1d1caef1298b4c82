"""WebP: the chunks of its RIFF container (RFC 9649)."""

from __future__ import annotations

from typing import BinaryIO

from pipeline.images.containers.reading import EXIF_BYTES, Truncated, orientation_of, take
from pipeline.images.header import Format, Header, upright

_CHUNKS = 100_000

_EXIF_FLAG, _ALPHA_FLAG = 0x08, 0x10


def read(stream: BinaryIO) -> Header:
    """Read the size from the first chunk, and the frames and EXIF of an extended file from the others."""
    head = take(stream, 12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise Truncated
    name, length = _chunk(stream)
    if name != b"VP8X":
        width, height, alpha = _still(name, take(stream, 10))
        return Header(format=Format.WEBP, width=width, height=height, samples=3.0 + alpha)
    canvas = take(stream, 10)
    stream.seek(length - 10 + length % 2, 1)
    width = int.from_bytes(canvas[4:7], "little") + 1
    height = int.from_bytes(canvas[7:10], "little") + 1
    frames, duration, orientation = 0, 0, 1
    for _ in range(_CHUNKS):
        head = stream.read(8)
        if len(head) < 8:
            break
        name, length, used = head[:4], int.from_bytes(head[4:], "little"), 0
        if name == b"ANMF" and length >= 16:
            duration += int.from_bytes(take(stream, 16)[12:15], "little")
            frames, used = frames + 1, 16
        elif name == b"EXIF" and length <= EXIF_BYTES and canvas[0] & _EXIF_FLAG:
            orientation, used = orientation_of(take(stream, length)), length
        stream.seek(length - used + length % 2, 1)
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


def _chunk(stream: BinaryIO) -> tuple[bytes, int]:
    head = take(stream, 8)
    return head[:4], int.from_bytes(head[4:], "little")


def _still(name: bytes, data: bytes) -> tuple[int, int, bool]:
    """Width, height and alpha of a plain lossy (`VP8 `) or lossless (`VP8L`) picture."""
    if name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
        return width & 0x3FFF, height & 0x3FFF, False
    if name == b"VP8L" and data[0] == 0x2F:
        packed = int.from_bytes(data[1:5], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, bool(packed >> 28 & 1)
    raise Truncated
