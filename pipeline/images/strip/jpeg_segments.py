"""The segments of a JPEG that its pixels depend on, each just as long as what it holds (ITU-T T.81, annex B)."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.images.containers.reading import Truncated

FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
HUFFMAN, ARITHMETIC, QUANTIZATION, LINES, RESTART = 0xC4, 0xCC, 0xDB, 0xDC, 0xDD
NEEDED = {*FRAMES, HUFFMAN, ARITHMETIC, QUANTIZATION, LINES, RESTART}


def check_segment(code: int, data: bytes) -> None:
    """Raise `Truncated` unless `data`, without its length field, is a segment of the kind `code` and nothing more."""
    if code in FRAMES:
        whole = len(data) >= 6 and len(data) == 6 + 3 * data[5]
    elif code == HUFFMAN:
        whole = _is_tables(data, lambda at: 17 + sum(data[at + 1 : at + 17]))
    elif code == QUANTIZATION:
        whole = _is_tables(data, lambda at: 129 if data[at] >> 4 else 65)
    elif code == ARITHMETIC:
        whole = len(data) % 2 == 0 and len(data) <= 64
    else:
        whole = len(data) == 2
    if not whole:
        raise Truncated


def check_scan(data: bytes) -> None:
    """Raise `Truncated` unless `data` is the header of a scan."""
    if not data or not 1 <= data[0] <= 4 or len(data) != 4 + 2 * data[0]:
        raise Truncated


def _is_tables(data: bytes, size: Callable[[int], int]) -> bool:
    """Whether tables follow one another to the very end; `size` tells the length of the one at an offset."""
    at = 0
    while at < len(data):
        at += size(at)
    return at == len(data) > 0
