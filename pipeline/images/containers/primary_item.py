"""What the properties of a HEIF file's primary item say: its size, colours, turn, and the part that is shown
(ISO/IEC 23008-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from pipeline.images.containers.items import Items, Property
from pipeline.images.containers.reading import Truncated
from pipeline.images.header import Format

# The name of what an auxiliary picture is for comes first.
_AUX_BYTES = 1024

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""

# EXIF orientation by (quarter turns anticlockwise, mirror axis), as libavif's and libheif's decoders turn.
_ORIENTATIONS = {
    (0, None): 1,
    (0, 0): 4,
    (0, 1): 2,
    (1, None): 8,
    (1, 0): 5,
    (1, 1): 7,
    (2, None): 3,
    (2, 0): 2,
    (2, 1): 4,
    (3, None): 6,
    (3, 0): 7,
    (3, 1): 5,
}


@dataclass(slots=True)
class PrimaryItem:
    """What the properties of the primary item say."""

    width: int = 0
    height: int = 0
    turns: int = 0
    mirror: int | None = None
    bits: int = 8
    samples: float = 3.0
    color: tuple[int, int] | None = None
    brightest: int = 0
    mastered: int = 0
    clap: bytes = b""

    @property
    def orientation(self) -> int:
        """The EXIF orientation by which the part that is shown must be turned."""
        return _ORIENTATIONS[self.turns, self.mirror]

    def crop(self, kind: Format) -> Box | None:
        """The part that is shown, before it is turned; None for all of it."""
        return _avif_crop(self) if kind is Format.AVIF else _heic_crop(self)


def describe(items: Items) -> PrimaryItem:
    """What the properties of the primary item say, and the coding of all items."""
    item = PrimaryItem()
    try:
        item.bits, item.samples = _coding(items.known)
        for name, body in items.properties[items.primary]:
            _apply(item, name, body)
    except (KeyError, IndexError, struct.error):
        raise Truncated from None
    return item


def _apply(item: PrimaryItem, name: bytes, body: bytes) -> None:
    if name == b"ispe":
        item.width, item.height = struct.unpack_from(">II", body, 4)
    elif name == b"irot":
        item.turns = body[0] & 3
    elif name == b"imir":
        item.mirror = body[0] & 1
    elif name == b"clap":
        item.clap = body
    elif name == b"colr" and body[:4] == b"nclx" and len(body) >= 8:
        item.color = struct.unpack_from(">HH", body, 4)
    elif name == b"clli":
        (item.brightest,) = struct.unpack_from(">H", body)
    elif name == b"mdcv":
        item.mastered = struct.unpack_from(">I", body, 16)[0] // 10_000


def _aperture(item: PrimaryItem) -> tuple[Fraction, Fraction, Fraction, Fraction] | None:
    """Left, top, width and height of the clean aperture; None if there is none or it makes no sense."""
    if len(item.clap) < 32:
        return None
    numbers = struct.unpack(">4I", item.clap[:16]) + struct.unpack(">iIiI", item.clap[16:32])
    if not all(numbers[1::2]):
        return None
    width, height, right, below = (Fraction(numbers[at], numbers[at + 1]) for at in (0, 2, 4, 6))
    left = right + Fraction(item.width - 1, 2) - (width - 1) / 2
    top = below + Fraction(item.height - 1, 2) - (height - 1) / 2
    fits = width > 0 and height > 0 and left + width <= item.width and top + height <= item.height
    return (left, top, width, height) if fits else None


def _heic_crop(item: PrimaryItem) -> Box | None:
    """The part of a HEIC that libheif hands out: its numbers are rounded."""
    if (found := _aperture(item)) is None:
        return None
    left, top, width, height = found
    return max(0, int(left)), max(0, int(top)), round(width), round(height)


def _avif_crop(item: PrimaryItem) -> Box | None:
    """The part of an AVIF that Chromium shows: all of it, unless the aperture begins at the top left and is in whole
    pixels."""
    if (found := _aperture(item)) is None:
        return None
    left, top, width, height = found
    if left or top or width.denominator > 1 or height.denominator > 1:
        return None
    return 0, 0, int(width), int(height)


def _coding(properties: Iterable[Property]) -> tuple[int, float]:
    """Bits of a sample, and samples of a pixel: the most that any picture of the file has, and alpha."""
    bits, samples, alpha = 8, 1.0, False
    for name, body in properties:
        if name == b"hvcC":
            bits = max(bits, 8 + (body[17] & 7))
            samples = max(samples, (1.0, 1.5, 2.0, 3.0)[body[16] & 3])
        elif name == b"av1C":
            flags = body[2]
            bits = max(bits, (12 if flags & 0x20 else 10) if flags & 0x40 else 8)
            samples = max(samples, 1.0 if flags & 0x10 else {0xC: 1.5, 0x8: 2.0}.get(flags & 0xC, 3.0))
        elif name == b"auxC":
            kind = body[:_AUX_BYTES]
            alpha = alpha or b"alpha" in kind or b"auxid:1" in kind
    return bits, samples + alpha
