"""JPEG: markers up to the first scan, and the scans after it (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import BinaryIO

from pipeline.errors import UnsupportedKind
from pipeline.images.containers.reading import Truncated, orientation_of, take
from pipeline.images.header import Format, Header, upright

# Real files have some dozens of segments; an ICC profile or a gain map in pieces some hundreds.
_SEGMENTS = 10_000
# Decoders skip what is between two segments, without end; a camera that writes such bytes writes a few.
_JUNK_BYTES = 16 * 1024 * 1024

_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_ARITHMETIC, _ARITHMETIC_PROGRESSIVE = 0xC9, 0xCA
_FRAMES = {_BASELINE, _EXTENDED, _PROGRESSIVE, _ARITHMETIC, _ARITHMETIC_PROGRESSIVE}
_RARE_FRAMES = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xCB: "lossless",
    0xCD: "hierarchical",
    0xCE: "hierarchical",
    0xCF: "hierarchical",
    0xF7: "JPEG-LS",
}
_START, _END, _SCAN, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_BARE = {0x01, *range(0xD0, 0xD8)}
_MARKER = re.compile(rb"\xff[^\x00\xff]")
# In coded data 0xFF is followed by 0, and restart markers belong to it.
_MARKER_AFTER_DATA = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_LEAST_BLOCK, _MOST_BLOCK = 4 * 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker segment: its marker's code, and where its data is in the file, in bytes."""

    marker: int
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Scan:
    """One pass of a picture: the components, the coefficients from `first` to `last`, and how many of their low bits
    it leaves open; its coded data ends at the byte `end`."""

    components: tuple[int, ...]
    first: int
    last: int
    open_bits: int
    end: int


def read(stream: BinaryIO) -> Header:
    """Read up to the first scan, where it shows whether one scan holds all components; else the others are counted."""
    frame: Segment | None = None
    data = b""
    orientation: int | None = None
    held = 0
    for segment in segments(stream):
        held += segment.length
        if segment.marker in _FRAMES and frame is None:
            frame, data = segment, take(stream, segment.length)
        elif segment.marker == _SCAN:
            if frame is None:
                raise Truncated
            header = _header(data, frame.marker, take(stream, 1)[0], orientation or 1, held)
            return replace(header, scans=sum(1 for _ in scans(stream))) if header.buffered else header
        elif segment.marker == _APP1 and orientation is None:
            exif = take(stream, segment.length)
            if exif.startswith(b"Exif"):
                orientation = orientation_of(exif)
    raise Truncated


def segments(stream: BinaryIO) -> Iterator[Segment]:
    """The segments from the start of a seekable stream to the first scan, which is the last one; the stream is at the
    data of each. Bytes between two segments are skipped, as decoders do.

    Raises `Truncated`, and `UnsupportedKind` for pictures of a coding process that is not read here.
    """
    stream.seek(0)
    if take(stream, 2) != b"\xff\xd8":
        raise Truncated
    at = 2
    for _ in range(_SEGMENTS):
        stream.seek(at)
        marker = _next_marker(stream)
        if marker in _BARE:
            at = stream.tell()
            continue
        if marker in (_END, _START):
            raise Truncated
        if marker in _RARE_FRAMES:
            raise UnsupportedKind("JPEG", _RARE_FRAMES[marker])
        # decoders skip nothing for a length that is too small to be one
        length = max(0, int.from_bytes(take(stream, 2)) - 2)
        found = Segment(marker, stream.tell(), length)
        yield found
        if marker == _SCAN:
            return
        at = found.at + length


def _next_marker(stream: BinaryIO) -> int:
    """The next marker's code; what is no marker is skipped, up to a bound."""
    head = take(stream, 2)
    if head[0] == 0xFF and 0 < head[1] < 0xFF:
        return head[1]
    stream.seek(-2, 1)
    if (found := _find(stream, _MARKER, _JUNK_BYTES)) is None:
        raise Truncated
    return found


def scans(stream: BinaryIO) -> Iterator[Scan]:
    """All scans of which the head is there, to the end of the picture or the file.

    Raises `Truncated` if there are more segments than any file has.
    """
    *_, start = segments(stream)
    at = start.at - 2
    marker: int | None = _SCAN
    for _ in range(_SEGMENTS):
        stream.seek(at)
        length = max(2, int.from_bytes(stream.read(2))) - 2
        if marker != _SCAN:
            stream.seek(length, 1)
            marker, at = _find(stream, _MARKER_AFTER_DATA, inf), stream.tell()
            if marker in (None, _END):
                return
            continue
        body = stream.read(length)
        count = body[0] if body else 0
        if not count or len(body) < 2 * count + 4:
            return
        marker, at = _find(stream, _MARKER_AFTER_DATA, inf), stream.tell()
        first, last, bits = body[2 * count + 1 : 2 * count + 4]
        yield Scan(tuple(body[1 : 2 * count : 2]), first, last, bits & 15, at - (2 if marker else 0))
        if marker in (None, _END):
            return
    raise Truncated


def _find(stream: BinaryIO, pattern: re.Pattern[bytes], most: float) -> int | None:
    """The code of the next marker of a kind, the stream behind it; None if there is none in the next `most` bytes.

    Tables are close together and coded data is long, so the blocks that are read grow.
    """
    looked, size = 0, _LEAST_BLOCK
    while looked < most and (block := stream.read(size)):
        if found := pattern.search(block):
            stream.seek(found.end() - len(block), 1)
            return block[found.end() - 1]
        looked += len(block)
        size = min(2 * size, _MOST_BLOCK)
        if block.endswith(b"\xff") and len(block) > 1:
            stream.seek(-1, 1)
    return None


def _header(frame: bytes, kind: int, scanned: int, orientation: int, held: int) -> Header:
    if len(frame) < 6 or len(frame) < 6 + 3 * frame[5]:
        raise Truncated
    bits, components = frame[0], frame[5]
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    factors = [divmod(frame[7 + 3 * component], 16) for component in range(components)]
    if bits != 8:
        raise UnsupportedKind("JPEG", f"{bits}-bit")
    if components not in (1, 3, 4):
        raise UnsupportedKind("JPEG", f"{components}-channel")
    if any(not h or not v for h, v in factors):
        raise Truncated
    if width and not height:
        raise UnsupportedKind("JPEG", "line-by-line (DNL)")
    if any(max(h for h, _ in factors) % h or max(v for _, v in factors) % v for h, v in factors):
        raise UnsupportedKind("JPEG", "fractionally sampled")
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
