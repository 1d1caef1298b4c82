"""Zeros in the middle of a JPEG's coded data, as a disk or an interrupted copy leaves them.

Decoders take them for codes, and what follows for the next ones, so that they show nonsense and report nothing.
"""

from __future__ import annotations

from itertools import islice
from typing import BinaryIO

from pipeline.images.containers.jpeg import scans, segments

_HUFFMAN, _RESTARTS, _SCAN = 0xC4, 0xDD, 0xDA
_SEQUENTIAL = {0xC0, 0xC1}
_COUNTS, _COEFFICIENTS = 16, 0x10
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
    frames, tables, scan = 0, dict[int, int](), None
    for segment in segments(file):
        if segment.marker == _RESTARTS and any(file.read(2)):
            return None
        frames += segment.marker in _SEQUENTIAL
        if segment.marker == _HUFFMAN:
            tables |= _tables(file.read(segment.length))
        scan = segment
    if not frames or scan is None or scan.marker != _SCAN or not _never_zeros(tables, file.read(scan.length)):
        return None
    start = _find_zeros(file, scan.at + scan.length)
    if start is None or not any(start < first.end for first in islice(scans(file), 1)):
        return None
    return start, _goes_on(file, start)


def _tables(data: bytes) -> dict[int, int]:
    """What the code of zeros says, by the class and number of each table; one that is defined again is the last."""
    found, at = dict[int, int](), 0
    while at + _COUNTS + 1 < len(data):
        counts = sum(data[at + 1 : at + _COUNTS + 1])
        found[data[at]] = data[at + _COUNTS + 1] if counts else 0
        at += _COUNTS + 1 + counts
    return found


def _never_zeros(tables: dict[int, int], scan: bytes) -> bool:
    """Whether the code of zeros is, in some table of the scan, neither the end of a block nor a brightness that stays
    as it is."""
    for used in scan[2 : 2 * scan[0] + 1 : 2] if scan else b"":
        brightness, coefficients = tables.get(used >> 4, 0), tables.get(_COEFFICIENTS | used & 15, 0)
        if brightness >= _STEEP or coefficients:
            return True
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
