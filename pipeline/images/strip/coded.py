"""Whether bytes are coded pictures from the first to the last: their units must fill them exactly.

Only the heads of the units are read: NAL units and their lengths (ISO/IEC 14496-15), and OBUs (AV1, section 5.3).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip.source import Source

_MOST_UNITS = 200_000
_HEVC, _AV1 = {b"hvc1", b"hev1", b"lhv1"}, {b"av01"}
_SEQUENCE = 1
# Sequences, delimiters, frames and their heads and tiles, metadata of light, padding.
_OBUS = {_SEQUENCE, 2, 3, 4, 5, 6, 7, 15}


class CodedPictures:
    """Checks the coded pictures of one file. `length_size` is how many bytes tell the length of an HEVC unit."""

    def __init__(self, source: Source, length_size: int = 4) -> None:
        self._source = source
        self._length_size = length_size
        self._left = _MOST_UNITS

    def check(self, kind: bytes, parts: list[range]) -> None:
        """Raise `Truncated` unless these parts of the file are a coded picture and nothing else."""
        picture = _Parts(parts)
        if kind in _HEVC:
            self._check_hevc(picture)
        elif kind in _AV1:
            self._check_av1(picture)

    def _check_hevc(self, parts: _Parts) -> None:
        at, size = 0, parts.size
        while at < size:
            head = self._read(parts, at, self._length_size + 2)
            length = int.from_bytes(head[: self._length_size])
            at += self._length_size + length
            if length < 2 or head[self._length_size] & 0x80 or at > size:
                raise Truncated

    def _check_av1(self, parts: _Parts) -> None:
        at, begun, size = 0, False, parts.size
        while at < size:
            head = self._read(parts, at, min(10, size - at))
            kind, extended, sized = head[0] >> 3 & 15, head[0] >> 2 & 1, head[0] >> 1 & 1
            if head[0] & 0x80 or kind not in _OBUS or (not sized and not begun):
                raise Truncated
            length, used = _leb128(head[1 + extended :]) if sized else (size - at - 1 - extended, 0)
            at += 1 + extended + used + length
            begun |= kind == _SEQUENCE
            if at > size:
                raise Truncated

    def _read(self, parts: _Parts, at: int, count: int) -> bytes:
        self._left -= 1
        if self._left < 0 or at + count > parts.size:
            raise Truncated
        return b"".join(self._source.read(piece.start, len(piece)) for piece in parts.pieces(at, count))


class _Parts:
    """The parts of a picture, which follow one another; `size` is how many bytes they have."""

    def __init__(self, parts: list[range]) -> None:
        self._parts = [part for part in parts if part]
        self._ends = list(accumulate(map(len, self._parts)))
        self.size = self._ends[-1] if self._ends else 0

    def pieces(self, at: int, count: int) -> Iterator[range]:
        """Where in the file `count` bytes from `at` on are. Found by halving: there may be thousands of parts."""
        number = bisect_right(self._ends, at)
        while count > 0:
            part = self._parts[number]
            piece = part[at - self._ends[number] + len(part) :][:count]
            yield piece
            at, count, number = at + len(piece), count - len(piece), number + 1


def _leb128(data: bytes) -> tuple[int, int]:
    """A number in groups of seven bits, and how many bytes it takes."""
    value = 0
    for used, byte in enumerate(data[:8]):
        value |= (byte & 0x7F) << 7 * used
        if not byte & 0x80:
            return value, used + 1
    raise Truncated
