"""The frame that stands for an animation: the first one that shows anything, painted as browsers paint it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from PIL import Image

SEEN = 10
"""How many frames are looked at; if none of them shows anything, the first one is taken."""

_STRIP_PIXELS = 2_000_000


class Disposal(Enum):
    """What happens to a frame before the next one is painted."""

    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Layer:
    """One frame by itself, and where it is painted: left and top in pixels. `over` lets what is below shine through."""

    picture: Image.Image
    place: tuple[int, int]
    disposal: Disposal = Disposal.KEEP
    over: bool = True


class PlacedStrips:
    """The strips of one frame on a canvas that is transparent elsewhere; no second copy of the whole is made."""

    def __init__(self, layer: Layer, size: tuple[int, int]) -> None:
        self._layer, self._size = layer, size

    def strip(self, top: int, bottom: int) -> Image.Image:
        """The rows from `top` to `bottom`; in the frame's own mode if it covers all of the canvas."""
        (x, y), picture = self._layer.place, self._layer.picture
        if (x, y) == (0, 0) and picture.size == self._size:
            return picture if bottom - top == picture.height else picture.crop((0, top, picture.width, bottom))
        canvas = Image.new("RGBA", (self._size[0], bottom - top))
        first, last = max(top, y), min(bottom, y + picture.height)
        if first < last:
            _paint(canvas, picture.crop((0, first - y, picture.width, last - y)), (x, first - top), over=False)
        return canvas


def first_shown(layers: Iterable[Layer], size: tuple[int, int]) -> PlacedStrips:
    """The first frame with which there is anything to see on a canvas of that size; raises `EOFError` without frames.

    There is nothing to see on a canvas that is transparent, or of one colour.
    """
    canvas: Image.Image | None = None
    first: PlacedStrips | None = None
    for number, layer in enumerate(layers):
        if number == SEEN:
            break
        if first is None:
            first = PlacedStrips(layer, size)
            if not is_empty(first.strip(0, size[1])):
                return first
            canvas = Image.new("RGBA", size)
        assert canvas is not None
        before = canvas.copy() if layer.disposal is Disposal.RESTORE else canvas
        _paint(canvas, layer.picture, layer.place, over=layer.over)
        if number and not is_empty(canvas):
            return PlacedStrips(Layer(canvas, (0, 0)), size)
        canvas = before
        if layer.disposal is Disposal.CLEAR:
            (x, y), picture = layer.place, layer.picture
            canvas.paste((0, 0, 0, 0), (x, y, x + picture.width, y + picture.height))
    if first is None:
        raise EOFError("no frame")
    return first


def is_empty(frame: Image.Image) -> bool:
    """Whether it is transparent, or of one colour."""
    straight = frame if frame.mode == "RGBA" else frame.convert("RGBA")
    bands = straight.getextrema()
    return bands[3][1] == 0 or all(low == high for low, high in bands)  # type: ignore[misc]


def _paint(canvas: Image.Image, picture: Image.Image, place: tuple[int, int], *, over: bool) -> None:
    """In strips: a frame is large, and a canvas is there already."""
    rows = max(1, _STRIP_PIXELS // max(1, picture.width))
    for top in range(0, picture.height, rows):
        strip = picture.crop((0, top, picture.width, min(picture.height, top + rows))).convert("RGBA")
        if over:
            canvas.alpha_composite(strip, (place[0], place[1] + top))
        else:
            canvas.paste(strip, (place[0], place[1] + top))
