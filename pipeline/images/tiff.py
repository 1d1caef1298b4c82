"""Directories of a TIFF block, which EXIF is: entries and their values, as far as they can be believed (TIFF 6.0)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pipeline.images.containers.reading import MOST_ENTRIES

BYTES, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 7, 10
_SIZES = {BYTES: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, 9: 4, SIGNED_RATIONAL: 8}
_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}

Entry = tuple[int, int, int]
"""Type, count, and where the value field is."""

Entries = dict[int, Entry]


@dataclass(frozen=True, slots=True)
class Tiff:
    """A block whose numbers are in `order` (`<` or `>`); what is damaged in it counts as not there."""

    data: bytes
    order: str

    def main(self) -> Entries:
        """The entries of the first directory."""
        return self.entries(*struct.unpack_from(f"{self.order}I", self.data, 4))

    def entries(self, start: int) -> Entries:
        """The entries of the directory at an offset."""
        found: Entries = {}
        if not 0 < start <= len(self.data) - 2:
            return found
        (count,) = struct.unpack_from(f"{self.order}H", self.data, start)
        for at in range(start + 2, min(start + 2 + 12 * min(count, MOST_ENTRIES), len(self.data) - 11), 12):
            tag, kind, number = struct.unpack_from(f"{self.order}HHI", self.data, at)
            found.setdefault(tag, (kind, number, at + 8))
        return found

    def number(self, entry: Entry | None) -> int:
        """A single SHORT or LONG; 0 for anything else."""
        if entry is None or entry[1] != 1 or entry[0] not in (SHORT, LONG):
            return 0
        return int(struct.unpack_from(f"{self.order}{'H' if entry[0] == SHORT else 'I'}", self.data, entry[2])[0])

    def rational(self, entry: Entry | None) -> float:
        """A single RATIONAL; 0 for anything else, and for what is divided by nothing."""
        value = self.value(entry) if entry and entry[:2] == (RATIONAL, 1) else b""
        above, below = struct.unpack(f"{self.order}II", value) if value else (0, 0)
        return above / below if below else 0.0

    def value(self, entry: Entry | None) -> bytes:
        """The bytes of a value, wherever they are."""
        if entry is None:
            return b""
        kind, count, at = entry
        size = _SIZES.get(kind, 0) * count
        if size > 4:
            (at,) = struct.unpack_from(f"{self.order}I", self.data, at)
        return self.data[at : at + size] if at + size <= len(self.data) else b""


def tiff_of(exif: bytes) -> Tiff | None:
    """An EXIF block, with or without its `Exif` prefix; None if it is none."""
    data = exif.removeprefix(b"Exif\x00\x00")
    order = _ORDERS.get(data[:4])
    return Tiff(data, order) if order and len(data) >= 8 else None
