"""Pictures whose decoded size is not what the first number of their header says: screens, crops, frames, turns."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PIL import Image

from tests.cases import Case
from tests.cases.gifs import frame, gif
from tests.cases.heif import Box, heif, items_of
from tests.cases.motifs import confetti, leaves, painted, patches, rings, sunset, wheel
from tests.render_fixtures import encoded

KIND = "size as decoded"
_MOVES = {"animated": True}


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("gif-first-beyond", "a first frame that goes beyond the screen on the right", _gif_beyond, _beyond),
        _case("gif-first-taller", "a first frame that is narrower and taller than the screen", _gif_taller, _taller),
        _case("gif-huge-second", "a second frame of 3000 × 3000 on a small screen", _gif_huge, _few_wheel, **_MOVES),
        _case("gif-second-outside", "a second frame outside, the first blank", _gif_outside, _blank, **_MOVES),
        _case("heic-crop-turned", "a crop out of the middle, turned by irot", _heic_turned, _middle_turned),
        _case("heic-crop-odd", "a crop of odd sides at an odd place", _heic_odd, _odd),
        _case("heic-crop-large", "a crop that is still larger than the view", _heic_large, _large),
        _case("heic-crop-mirrored", "a crop at the right edge, mirrored by imir", _heic_mirrored, _mirrored),
        _case("avif-crop-turned", "a crop at the top left, turned by irot", _avif_turned, _corner_turned),
        _case("avif-crop-bottom", "a crop at the bottom right: browsers show all", _avif_bottom, _confetti),
        _case("avif-crop-fraction", "a crop of two and a half: browsers show all", _avif_fraction, _confetti),
        _case("avif-crop-outside", "a crop larger than the picture: it does not count", _avif_outside, _confetti),
        _case("webp-animated-stamp", "an animation whose first frame is a stamp", _webp_stamp, _stamp, **_MOVES),
        _case("png-animated-stamp", "an animation whose first frame is smaller", _png_small, _stamp, **_MOVES),
        _case("webp-canvas-larger", "a canvas that is larger than the picture", _canvas(300, 200), _patches),
        _case("webp-canvas-smaller", "a canvas that is smaller than the picture", _canvas(60, 50), _patches),
        _case("heic-stated-larger", "a size that is larger than the coded one", _stated(200, 130), _sunset),
        _case("heic-stated-smaller", "a size that is smaller than the coded one", _stated(140, 100), _sunset),
        _case("jpeg-sliver", "3000 pixels wide and forty high", _jpeg_sliver, _sliver),
    ]  # fmt: skip


def _case(name: str, about: str, data: Callable[[], bytes], reference: Callable[[], Image.Image], **more: Any) -> Case:
    kind = name.partition("-")[0]
    extension = {"jpeg": "jpg"}.get(kind, kind)
    size = reference().size
    return Case(
        name=f"size-{name}.{extension}", kind=KIND, about=about, data=data, size=size, reference=reference, **more
    )


def _few(picture: Image.Image) -> Image.Image:
    return picture.quantize(256, dither=Image.Dither.NONE)


def _gif_frame(picture: Image.Image, place: tuple[int, int], **options: Any) -> bytes:
    return frame(picture, place, palette=bytes(picture.getpalette() or ()).ljust(768, b"\0"), **options)


def _on(size: tuple[int, int], picture: Image.Image, place: tuple[int, int]) -> Image.Image:
    canvas = Image.new("RGBA", size)
    canvas.paste(picture.convert("RGBA"), place)
    return canvas


def _gif_beyond() -> bytes:
    return gif((100, 80), [_gif_frame(_few(painted(rings, (90, 50))), (60, 10))])


def _beyond() -> Image.Image:
    return _on((150, 80), _few(painted(rings, (90, 50))), (60, 10))


def _gif_taller() -> bytes:
    return gif((120, 60), [_gif_frame(_few(painted(leaves, (70, 140))), (0, 0))])


def _taller() -> Image.Image:
    return _on((120, 140), _few(painted(leaves, (70, 140))), (0, 0))


def _few_wheel() -> Image.Image:
    return _few(painted(wheel, (120, 90))).convert("RGB")


def _gif_huge() -> bytes:
    huge = Image.new("P", (3000, 3000), 3)
    huge.putpalette(bytes(range(256)) * 3)
    return gif((120, 90), [_gif_frame(_few(painted(wheel, (120, 90))), (0, 0)), _gif_frame(huge, (0, 0))])


def _blank() -> Image.Image:
    return Image.new("RGB", (90, 60), (0, 0, 0))


def _gif_outside() -> bytes:
    return gif((90, 60), [_gif_frame(_few(_blank()), (0, 0)), _gif_frame(_few(painted(rings, (40, 40))), (400, 300))])


# HEIC and AVIF


def _clap(width: float, height: float, right: float, below: float) -> Box:
    """A clean aperture; its middle is `right` and `below` of the picture's, in pixels. Halves are exact."""
    numbers = [part for value in (width, height, right, below) for part in (round(value * 2), 2)]
    return b"clap", struct.pack(">IIIIiIiI", *numbers)


def _cropped(data: bytes, *properties: Box, brands: tuple[bytes, ...]) -> bytes:
    first, *others = items_of(data)
    return heif([replace(first, properties=[*first.properties, *properties]), *others], brands=brands)


def _heic(picture: Image.Image, *properties: Box) -> bytes:
    brands = (b"heic", b"mif1", b"miaf")
    data = encoded(picture, "HEIF", quality=90, subsampling="4:4:4", enc_params={"preset": "ultrafast"})
    return _cropped(data, *properties, brands=brands)


def _avif(picture: Image.Image, *properties: Box) -> bytes:
    brands = (b"avif", b"mif1", b"miaf")
    return _cropped(encoded(picture, "AVIF", quality=92, subsampling="4:4:4"), *properties, brands=brands)


def _heic_turned() -> bytes:
    return _heic(painted(wheel, (200, 120)), _clap(100, 60, 0, 0), (b"irot", b"\1"))


def _middle_turned() -> Image.Image:
    return painted(wheel, (200, 120)).crop((50, 30, 150, 90)).transpose(Image.Transpose.ROTATE_90)


def _heic_odd() -> bytes:
    return _heic(painted(sunset, (160, 160)), _clap(91, 75, 3.5, -10.5))


def _odd() -> Image.Image:
    left, top = 80 - 45.5 + 3.5, 80 - 37.5 - 10.5
    return painted(sunset, (160, 160)).crop((int(left), int(top), int(left) + 91, int(top) + 75))


def _heic_large() -> bytes:
    return _heic(painted(rings, (300, 200)).resize((1800, 1100)), _clap(1640, 900, -80, 100))


def _large() -> Image.Image:
    return painted(rings, (300, 200)).resize((1800, 1100)).crop((0, 200, 1640, 1100))


def _heic_mirrored() -> bytes:
    return _heic(painted(leaves, (180, 100)), _clap(80, 100, 50, 0), (b"imir", b"\1"))


def _mirrored() -> Image.Image:
    return painted(leaves, (180, 100)).crop((100, 0, 180, 100)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _avif_turned() -> bytes:
    return _avif(painted(patches, (240, 160)), _clap(120, 120, -60, -20), (b"irot", b"\3"))


def _corner_turned() -> Image.Image:
    return painted(patches, (240, 160)).crop((0, 0, 120, 120)).transpose(Image.Transpose.ROTATE_270)


def _confetti() -> Image.Image:
    return confetti((220, 140), 12)


def _avif_bottom() -> bytes:
    return _avif(_confetti(), _clap(110, 70, 55, 35))


def _avif_fraction() -> bytes:
    return _avif(_confetti(), _clap(100.5, 60, -59.75, -40))


def _avif_outside() -> bytes:
    return _avif(_confetti(), _clap(400, 300, 0, 0))


# Others


def _stamp() -> Image.Image:
    return _on((160, 120), painted(wheel, (80, 60)), (40, 30))


def _webp_stamp() -> bytes:
    return encoded(
        _stamp(), "WEBP", save_all=True, append_images=[painted(rings, (160, 120))], duration=90, lossless=True
    )


def _png_small() -> bytes:
    return encoded(
        _stamp(), "PNG", save_all=True, append_images=[painted(rings, (160, 120)).convert("RGBA")], duration=90
    )


def _jpeg_sliver() -> bytes:
    return encoded(_sliver(), "JPEG", quality=92)


def _sliver() -> Image.Image:
    return painted(wheel, (300, 40)).resize((3000, 40))


def _patches() -> Image.Image:
    return painted(patches, (144, 96))


def _canvas(width: int, height: int) -> Callable[[], bytes]:
    """A still WebP in a container that says another size."""

    def data() -> bytes:
        still = encoded(_patches(), "WEBP", quality=92)
        said = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = b"WEBPVP8X" + struct.pack("<I", len(said)) + said + still[12:]
        return b"RIFF" + struct.pack("<I", len(body)) + body

    return data


def _sunset() -> Image.Image:
    return painted(sunset, (160, 112))


def _stated(width: int, height: int) -> Callable[[], bytes]:
    """A HEIC that says another size than its coded picture has."""

    def data() -> bytes:
        item = items_of(encoded(_sunset(), "HEIF", quality=90))[0]
        size = (b"ispe", bytes(4) + struct.pack(">II", width, height))
        return heif([replace(item, properties=[size if one[0] == b"ispe" else one for one in item.properties])])

    return data
