"""Boxes, of which HEIC, AVIF and MP4 files are made (ISO/IEC 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

# An iPhone's picture has some 50 items and 20 KB of them; this is for what no camera writes.
MOST_BOXES = 10_000


def top_boxes(stream: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset of the body and its length for each box of the file; ends quietly at what is none.

    The stream is at each body, and may be moved.
    """
    at = 0
    for _ in range(MOST_BOXES):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return
        size, name, start = int.from_bytes(head[:4]), head[4:], at + 8
        if size == 1:
            size, start = int.from_bytes(stream.read(8)), start + 8
        elif size == 0:
            size = stream.seek(0, 2) - at
            stream.seek(start)
        if not start - at <= size < 1 << 62:
            return
        yield name, start, size - (start - at)
        at += size


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each box in `data`; ends quietly at what is none, as decoders do."""
    start = 0
    for _ in range(MOST_BOXES):
        size = int.from_bytes(data[start : start + 4])
        if size < 8 or start + size > len(data):
            return
        yield data[start + 4 : start + 8], data[start + 8 : start + size]
        start += size


def first_boxes(data: bytes) -> dict[bytes, bytes]:
    """The body of the first box of each name."""
    found: dict[bytes, bytes] = {}
    for name, body in boxes(data):
        found.setdefault(name, body)
    return found
