"""Colour profiles, kept byte for byte (ICC.1:2022)."""

from __future__ import annotations

from pipeline.images.strip.pieces import Pieces
from pipeline.images.strip.source import Source

PREFIX = b"ICC_PROFILE\x00"
_HEADER_BYTES = 128
_PART_BYTES = 65_519
_MOST_PARTS = 255


class Profile:
    """A profile in the numbered segments of a JPEG."""

    def __init__(self) -> None:
        self._parts: dict[int, range] = {}
        self._count = 0
        self._broken = False

    def add(self, number: int, count: int, part: range) -> None:
        """One segment's part of the profile, `number` from 1 to `count`."""
        self._broken |= number in self._parts or self._count not in (0, count)
        self._count = count
        self._parts[number] = part

    def write(self, source: Source, pieces: Pieces) -> None:
        """Append the profile's segments; none if decoders would not take it for a profile either."""
        whole = not self._broken and set(self._parts) == set(range(1, self._count + 1))
        if not self._parts or not whole:
            return
        parts = [self._parts[number] for number in range(1, self._count + 1)]
        left = declared_bytes(source.read(parts[0].start, min(_HEADER_BYTES, len(parts[0]))), sum(map(len, parts)))
        kept = []
        for part in parts:
            kept.append(part[: min(left, len(part))])
            left -= len(kept[-1])
        kept = [part for part in kept if part]
        for number, part in enumerate(kept, 1):
            length = 2 + len(PREFIX) + 2 + len(part)
            pieces.add(b"\xff\xe2" + length.to_bytes(2) + PREFIX + bytes((number, len(kept))))
            pieces.add(part)


def declared_bytes(head: bytes, found: int) -> int:
    """How many of the `found` bytes belong to the profile that begins with `head`; 0 if it is none, or is cut.

    What follows a profile is not part of it.
    """
    declared = int.from_bytes(head[:4])
    return declared if head[36:40] == b"acsp" and _HEADER_BYTES < declared <= found else 0
