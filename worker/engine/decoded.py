"""A decoded picture, and the strips that it is handed out in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from worker.engine.cicp import Meaning

Part = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, 0 to 1."""


class Strips(Protocol):
    """A decoded picture, handed out in strips, so that no second copy of the whole is ever made."""

    def strip(self, top: int, bottom: int) -> Image.Image:
        """The rows from `top` to `bottom`."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels not yet upright or in sRGB. `size` is that of `strips`; `box` the picture in it, where the scaled
    decoder rounded up; `orientation` the EXIF value by which it must still be turned; `meanings` what the file
    says of its colours, what counts most first.

    `full` is the size at full scale, before it is turned. `rows` is the part of the rows, counted from the top, that is
    there (0 to 1), and `gaps` are parts in which nothing is, whatever the rows; what is in them means nothing, and
    `cut_off` says whether the file ends there or is damaged.
    `notes` are remarks for the record.
    """

    strips: Strips
    size: tuple[int, int]
    box: tuple[float, float]
    orientation: int
    meanings: Sequence[Meaning]
    full: tuple[int, int]
    rows: float = 1.0
    gaps: Sequence[Part] = ()
    cut_off: bool = True
    notes: tuple[str, ...] = ()


class PictureStrips:
    """The strips of a Pillow image, or of a part of it: left, top, right and bottom in pixels."""

    def __init__(self, picture: Image.Image, part: tuple[int, int, int, int] | None = None) -> None:
        self._picture = picture
        self._part = part or (0, 0, *picture.size)

    def strip(self, top: int, bottom: int) -> Image.Image:
        """The rows from `top` to `bottom`; the picture itself if that is all of it."""
        left, above, right, _ = self._part
        box = (left, above + top, right, above + bottom)
        return self._picture if box == (0, 0, *self._picture.size) else self._picture.crop(box)


class RowStrips:
    """The strips of rows of bytes, straight from the memory of a decoder."""

    def __init__(self, data: bytes | memoryview, size: tuple[int, int], mode: str, raw_mode: str, stride: int) -> None:
        self._data = memoryview(data)
        self._size = size
        self._mode, self._raw_mode, self._stride = mode, raw_mode, stride

    def strip(self, top: int, bottom: int) -> Image.Image:
        """The rows from `top` to `bottom`."""
        rows = self._data[top * self._stride : bottom * self._stride]
        size = (self._size[0], bottom - top)
        return Image.frombytes(self._mode, size, rows, "raw", self._raw_mode, self._stride)
