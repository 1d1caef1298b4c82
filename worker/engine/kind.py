"""What a picture is, told by its pixels: what was drawn has few colours, in areas without noise."""

from __future__ import annotations

from PIL import Image, ImageChops

from pipeline.images.view_format import Kind

_ROWS = 256
# Steps between neighbours that noise and gradients make, and edges hardly.
_NEAR = 4
# Of neighbours that are near, the part that is equal; of all pixels, the part that has one of so many values. A text on
# plain ground, also scaled or taken from a JPEG; a drawing in many colours, all of them flat. Fog has few values and
# noise; a smooth sky is nearly flat and has many values.
_DRAWN = ((0.5, 4, 0.4), (0.9, 16, 0.8))


def kind_of(picture: Image.Image) -> Kind:
    """What an RGB or RGBA picture is, in a millisecond: green in some of its rows, by its values and by the steps from
    each pixel to the next."""
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() != (255, 255):
        return Kind.TRANSPARENT
    width, height = picture.size
    if height > _ROWS:
        height = _ROWS  # rows as they are, evenly spread
        picture = picture.resize((width, height), Image.Resampling.NEAREST)
    rows = picture.getchannel("G")
    values = sorted(rows.histogram(), reverse=True)
    steps = ImageChops.difference(rows.crop((0, 0, width - 1, height)), rows.crop((1, 0, width, height))).histogram()
    near = sum(steps[:_NEAR])
    flat = steps[0] / near if near else float(width == 1)
    drawn = any(flat > least and sum(values[:few]) > part * width * height for least, few, part in _DRAWN)
    return Kind.GRAPHIC if drawn else Kind.PHOTOGRAPH
