"""Whether a file that a render process sent is one picture from its first byte to its last, with nothing behind it."""

from __future__ import annotations

import io
import re

from pipeline.images.containers.boxes import top_boxes
from pipeline.images.header import Format

# A marker in coded data, where 0xFF is followed by 0, and restart markers belong to it.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_BOXES = [b"ftyp", b"meta", b"mdat"]


def is_whole(format_: Format, data: bytes) -> bool:
    """Whether `data`, which starts as a file of this format does, ends where it says that it ends."""
    match format_:
        case Format.WEBP:
            return int.from_bytes(data[4:8], "little") + 8 == len(data)
        case Format.AVIF:
            return _boxes_fill(data)
        case Format.JPEG:
            return _one_scan_fills(data)
    return False


def _boxes_fill(data: bytes) -> bool:
    found = list(top_boxes(io.BytesIO(data)))
    ends = [0, *(start + length for _, start, length in found)]
    starts = [start - 8 for _, start, _ in found]
    return [name for name, _, _ in found] == _BOXES and [*starts, len(data)] == ends


def _one_scan_fills(data: bytes) -> bool:
    at = 2
    while data[at : at + 2] != _SCAN:
        if data[at : at + 1] != b"\xff" or data[at + 1 : at + 2] in (b"", b"\xff", b"\xd8", b"\xd9"):
            return False
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))
    end = _MARKER.search(data, at + 2 + int.from_bytes(data[at + 2 : at + 4]))
    return end is not None and end[0] == _END and end.end() == len(data)
