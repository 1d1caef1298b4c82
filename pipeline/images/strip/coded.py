"""Whether bytes are coded pictures from the first to the last: their units must fill them exactly.

Only the heads of the units are read: NAL units and their lengths (ISO/IEC 14496-15), and OBUs (AV1, section 5.3).
"""

from __future__ import annotations

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
        size = sum(map(len, parts))
        if kind in _HEVC:
            self._check_hevc(parts, size)
        elif kind in _AV1:
            self._check_av1(parts, size)

    def _check_hevc(self, parts: list[range], size: int) -> None:
        at = 0
        while at < size:
            head = self._read(parts, at, self._length_size + 2)
            length = int.from_bytes(head[: self._length_size])
            at += self._length_size + length
            if length < 2 or head[self._length_size] & 0x80 or at > size:
                raise Truncated

    def _check_av1(self, parts: list[range], size: int) -> None:
        at, begun = 0, False
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

    def _read(self, parts: list[range], at: int, count: int) -> bytes:
        """Bytes of a picture whose parts follow one another."""
        self._left -= 1
        if self._left < 0:
            raise Truncated
        found = b""
        for part in parts:
            if at < len(part) and len(found) < count:
                found += self._source.read(part[at], min(count - len(found), len(part) - at))
            at = max(0, at - len(part))
        if len(found) != count:
            raise Truncated
        return found


def _leb128(data: bytes) -> tuple[int, int]:
    """A number in groups of seven bits, and how many bytes it takes."""
    value = 0
    for used, byte in enumerate(data[:8]):
        value |= (byte & 0x7F) << 7 * used
        if not byte & 0x80:
            return value, used + 1
    raise Truncated
