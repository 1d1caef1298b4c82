"""PNG: the one transparent colour of a picture (tRNS), which counts in the depth of the file."""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image, ImageChops, PngImagePlugin

_STRIP_PIXELS = 1_000_000
# Where Pillow takes the higher byte of each sample of 16 bits, this takes the lower one.
_HIGHER, _LOWER = "RGB;16B", "RGB;16L"

Clear = tuple[int, int, int]


class ClearColour:
    """The strips of a picture of 16 bits a sample, reduced to eight, in which one exact colour is transparent."""

    def __init__(self, picture: Image.Image, clear: Clear, alike: Image.Image) -> None:
        """`alike` is 255 where the lower bytes are those of `clear`, else 0."""
        self._picture, self._clear, self._alike = picture, clear, alike

    def strip(self, top: int, bottom: int) -> Image.Image:
        """The rows from `top` to `bottom`, in mode RGBA."""
        box = (0, top, self._picture.width, bottom)
        colours = self._picture.crop(box)
        higher = _where(colours, (self._clear[0] >> 8, self._clear[1] >> 8, self._clear[2] >> 8))
        colours.putalpha(ImageChops.invert(ImageChops.multiply(higher, self._alike.crop(box))))
        return colours


def lower_bytes_alike(file: BinaryIO, clear: Clear) -> Image.Image:
    """Where the lower bytes of a 16-bit RGB picture are those of `clear`: 255, else 0; mode L, one byte a pixel."""
    with Image.open(file, formats=("PNG",)) as source:
        assert isinstance(source, PngImagePlugin.PngImageFile)
        source.tile = [tile._replace(args=_LOWER) if tile.args == _HIGHER else tile for tile in source.tile]
        source.load()
        alike = Image.new("L", source.size)
        rows = max(1, _STRIP_PIXELS // source.width)
        for top in range(0, source.height, rows):
            strip = source.crop((0, top, source.width, min(source.height, top + rows)))
            alike.paste(_where(strip, (clear[0] & 255, clear[1] & 255, clear[2] & 255)), (0, top))
        return alike


def clear_colour_of(source: Image.Image, bits: int) -> None:
    """Bring `transparency`, which a PNG states in the depth of the file, to the depth of Pillow's pixels."""
    clear = source.info.get("transparency")
    if clear is None:
        return
    if source.mode == "RGB":
        source.info["transparency"] = tuple(value >> 8 if bits == 16 else value & 255 for value in clear)
    elif source.mode == "L":
        source.info["transparency"] = clear % 2**bits * 255 // (2**bits - 1)


def _where(picture: Image.Image, colour: Clear) -> Image.Image:
    """255 where the picture has that colour, else 0."""
    masks = []
    for band, value in zip(picture.split(), colour, strict=True):
        table = [0] * 256
        table[value] = 255
        masks.append(band.point(table))
    return ImageChops.multiply(ImageChops.multiply(masks[0], masks[1]), masks[2])
