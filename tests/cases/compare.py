"""How far a rendition is from the picture that it should show, on white and on black."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageStat

from tests.cases import Part

_PLACE = 8


@dataclass(frozen=True, slots=True)
class Distance:
    """In steps of 255: `mean` over all pixels of a channel, `most` in the worst place of 8 × 8 pixels."""

    mean: float
    most: float


def distance(made: Image.Image, reference: Image.Image, part: Part = (0.0, 0.0, 1.0, 1.0)) -> Distance:
    """The larger of the distances on white and on black, in a part of the picture.

    They must have one shape, and are compared at the size of the smaller one.
    """
    size = min(made.size, reference.size)
    left, top, right, bottom = (round(one * side) for one, side in zip(part, size * 2, strict=True))
    box = (left, top, max(left + 1, right), max(top + 1, bottom))
    pairs = [[_on(ground, picture, size).crop(box) for picture in (made, reference)] for ground in ("white", "black")]
    found = [_between(*pair) for pair in pairs]
    return Distance(max(one.mean for one in found), max(one.most for one in found))


def _on(ground: str, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    straight = picture.convert("RGBA")
    scaled = straight.convert("RGBa").resize(size, Image.Resampling.BOX).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", size, ground), scaled).convert("RGB")


def _between(one: Image.Image, other: Image.Image) -> Distance:
    mean = max(ImageStat.Stat(ImageChops.difference(one, other)).mean)
    places = ImageChops.difference(one.reduce(_PLACE), other.reduce(_PLACE))
    return Distance(mean, max(places.tobytes()))
