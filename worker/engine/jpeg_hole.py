"""Zeros in the middle of a JPEG's coded data, as a disk or an interrupted copy leaves them.

Decoders take them for codes, and what follows for the next ones, so that they show nonsense and report nothing.
"""

from __future__ import annotations

from typing import BinaryIO

from pipeline.images.containers.jpeg import Segment, scans, segments

_HUFFMAN, _RESTARTS, _SCAN = 0xC4, 0xDD, 0xDA
_SEQUENTIAL = {0xC0, 0xC1}
_COUNTS = 16
_BLOCK = 1024 * 1024
# Half a page of a file system. An encoder that made so many would have to have coded hundreds of blocks of which each
# coefficient is one and the same, or each is as much darker than the one before as its table can say.
_ZEROS = bytes(2048)
_STEEP = 2


def hole(file: BinaryIO) -> tuple[int, bool] | None:
    """The byte from which coded data is missing, and whether anything follows the zeros; None if none is missing.

    Only pictures whose codes can't run to zeros are looked at. Those with restart markers recover by themselves, and
    those in several passes have no rows that are whole.
    """
    frames, tables, scan = 0, list[Segment](), None
    for segment in segments(file):
        if segment.marker == _RESTARTS and any(file.read(2)):
            return None
        frames += segment.marker in _SEQUENTIAL
        tables += [segment] * (segment.marker == _HUFFMAN)
        scan = segment
    if not frames or scan is None or scan.marker != _SCAN or not _never_zeros(file, tables):
        return None
    start = _find_zeros(file, scan.at + scan.length)
    if start is None or start >= next(scans(file)).end:
        return None
    return start, _goes_on(file, start)


def _never_zeros(file: BinaryIO, tables: list[Segment]) -> bool:
    """Whether the code of zeros is, in some table, neither the end of a block nor a brightness that stays as it is."""
    for table in tables:
        file.seek(table.at)
        data = file.read(table.length)
        while len(data) > _COUNTS + 1:
            size, first, coefficients = sum(data[1 : _COUNTS + 1]), data[_COUNTS + 1], data[0] >> 4
            if first and (coefficients or first >= _STEEP):
                return True
            data = data[_COUNTS + 1 + size :]
    return False


def _find_zeros(file: BinaryIO, at: int) -> int | None:
    tail = b""
    file.seek(at)
    while block := file.read(_BLOCK):
        joined = tail + block
        if (found := joined.find(_ZEROS)) >= 0:
            return at - len(tail) + found
        at += len(block)
        tail = joined[1 - len(_ZEROS) :]
    return None


def _goes_on(file: BinaryIO, at: int) -> bool:
    """Whether more than an end marker follows the zeros."""
    file.seek(at)
    left = 0
    while block := file.read(_BLOCK):
        left += len(block.lstrip(b"\0") if not left else block)
        if left > 2:
            return True
    return False
