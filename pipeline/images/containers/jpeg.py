"""JPEG: markers up to the first scan (ITU-T T.81, annex B)."""

from __future__ import annotations

from typing import BinaryIO

from pipeline.images.containers.reading import Truncated, orientation_of, take
from pipeline.images.header import Format, Header, upright

# Real files have some dozens of segments; an ICC profile or a gain map in pieces some hundreds.
_SEGMENTS = 10_000

_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_ARITHMETIC, _ARITHMETIC_PROGRESSIVE = 0xC9, 0xCA
_FRAMES = {_BASELINE, _EXTENDED, _PROGRESSIVE, _ARITHMETIC, _ARITHMETIC_PROGRESSIVE}
# Lossless and hierarchical frames, which no browser shows.
_RARE_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF}
_START, _END, _SCAN, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_BARE = {0x01, *range(0xD0, 0xD8)}


def read(stream: BinaryIO) -> Header:
    """Read up to the first scan, where it shows whether one scan holds all components."""
    if take(stream, 2) != b"\xff\xd8":
        raise Truncated
    frame: bytes | None = None
    kind = 0
    orientation: int | None = None
    held = 0
    for _ in range(_SEGMENTS):
        marker = _next_marker(stream)
        if marker in _BARE:
            continue
        if marker in (_END, _START) or marker in _RARE_FRAMES:
            raise Truncated
        length = int.from_bytes(take(stream, 2)) - 2
        if length < 0:
            raise Truncated
        held += length
        if marker in _FRAMES and frame is None:
            frame, kind = take(stream, length), marker
        elif marker == _SCAN:
            if frame is None:
                raise Truncated
            return _header(frame, kind, take(stream, 1)[0], orientation or 1, held)
        elif marker == _APP1 and orientation is None:
            data = take(stream, length)
            if data.startswith(b"Exif\x00\x00"):
                orientation = orientation_of(data)
        else:
            stream.seek(length, 1)
    raise Truncated


def _next_marker(stream: BinaryIO) -> int:
    """The next marker's code; fill bytes (0xFF) may stand before it, but not without end."""
    if take(stream, 1) != b"\xff":
        raise Truncated
    for _ in range(_SEGMENTS):
        code = take(stream, 1)[0]
        if code != 0xFF:
            return code
    raise Truncated


def _header(frame: bytes, kind: int, scanned: int, orientation: int, held: int) -> Header:
    if len(frame) < 6 or len(frame) < 6 + 3 * frame[5]:
        raise Truncated
    bits, components = frame[0], frame[5]
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    factors = [divmod(frame[7 + 3 * component], 16) for component in range(components)]
    if bits != 8 or components not in (1, 3, 4) or any(not h or not v for h, v in factors):
        raise Truncated
    most = max(h for h, _ in factors) * max(v for _, v in factors)
    width, height = upright(width, height, orientation)
    return Header(
        format=Format.JPEG,
        width=width,
        height=height,
        orientation=orientation,
        samples=sum(h * v for h, v in factors) / most if components > 1 else 1.0,
        buffered=kind in (_PROGRESSIVE, _ARITHMETIC_PROGRESSIVE) or scanned < components,
        held=held,
    )
