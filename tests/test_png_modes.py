"""PNG of every mode, depth and kind of transparency, against a reference."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps

from tests.cases.pngs import chunk
from tests.render_fixtures import CLOSE, distance, encoded, rendered, scene


def modes() -> dict[str, tuple[Image.Image, Image.Image]]:
    """Pictures of each mode a PNG has, each with what it should look like."""
    colour, grey = scene(), scene().convert("L")
    deep = Image.frombytes("I;16", grey.size, b"".join(bytes((value, value)) for value in grey.tobytes()))
    clear = colour.copy()
    clear.putalpha(grey)
    grey_alpha = Image.merge("LA", (grey, ImageOps.invert(grey)))
    few = colour.quantize(32)
    holed = few.copy()
    holed.info["transparency"] = bytes([0]) + bytes([255]) * 31
    return {
        "1": (colour.convert("1"), colour.convert("1").convert("RGB")),
        "L": (grey, grey.convert("RGB")),
        "LA": (grey_alpha, grey_alpha.convert("RGBA")),
        "I;16": (deep, grey.convert("RGB")),
        "P": (few, few.convert("RGB")),
        "P with transparency": (holed, holed.convert("RGBA")),
        "RGBA": (clear, clear),
    }


@pytest.mark.parametrize("name", modes())
def test_every_mode_of_a_png_is_right(name: str, tmp_path: Path) -> None:
    picture, reference = modes()[name]
    _, made = rendered(encoded(picture, "PNG"), tmp_path)
    view = made["view"]
    assert ("A" in view.mode) == ("A" in reference.mode)
    grey = Image.new("RGBA", view.size, (120, 120, 120, 255))
    shown = [Image.alpha_composite(grey, i.convert("RGBA")) for i in (view, reference)]
    assert distance(*shown) < CLOSE


def png(kind: tuple[int, int, int], rows: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    """A file of 64 × 64 pixels that Pillow doesn't write: depth, colour type and interlacing, and chunks of its own."""
    chunks = [(b"IHDR", struct.pack(">IIBBxxB", 64, 64, *kind)), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def test_sixteen_bits_of_colour_and_interlacing_are_read(tmp_path: Path) -> None:
    """16-bit RGB in seven passes of Adam7, one colour."""
    passes = [(8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2)]
    starts = [(0, 0), (4, 0), (0, 4), (2, 0), (0, 2), (1, 0), (0, 1)]
    rows = b""
    for (across, down), (x, y) in zip(passes, starts, strict=True):
        rows += (b"\0" + struct.pack(">HHH", 51400, 15420, 10280) * len(range(x, 64, across))) * len(range(y, 64, down))
    _, made = rendered(png((16, 2, 1), rows), tmp_path)
    assert distance(made["view"], Image.new("RGB", (64, 64), (200, 60, 40))) < CLOSE


@pytest.mark.parametrize(
    ("depth", "color", "left", "right"),
    [
        (1, 0, b"\x00", b"\xff"),
        (2, 0, b"\x55", b"\xaa"),
        (4, 0, b"\x55", b"\x99"),
        (8, 0, b"\x32", b"\x96"),
        (16, 0, b"\x12\x34", b"\x12\x35"),
        (8, 2, b"\xc8\x3c\x28", b"\x09\x09\x09"),
        (16, 2, b"\xc8\x01\x3c\x02\x28\x03", b"\x09\x00\x09\x00\x09\x00"),
    ],
)
def test_the_transparent_colour_of_a_png_is_honoured(
    depth: int, color: int, left: bytes, right: bytes, tmp_path: Path
) -> None:
    half = 64 * depth * (3 if color else 1) // 8 // len(left) // 2
    sample = left if depth == 16 else b"".join(bytes((0, value & (2**depth - 1))) for value in left)
    data = png((depth, color, 0), (b"\0" + left * half + right * half) * 64, (b"tRNS", sample))
    _, made = rendered(data, tmp_path)
    alpha = made["view"].getchannel("A")
    assert (alpha.getpixel((10, 30)), alpha.getpixel((54, 30))) == (0, 255)


def test_transparency_leaves_no_dark_fringes(tmp_path: Path) -> None:
    disc = Image.new("RGBA", (3000, 3000), (0, 0, 0, 0))
    mask = Image.radial_gradient("L").resize(disc.size).point(lambda value: 255 if value < 120 else 0)
    disc.paste((255, 255, 255, 255), mask=mask)
    _, made = rendered(encoded(disc, "PNG"), tmp_path)
    for picture in made.values():
        red, alpha = picture.getchannel("R"), picture.getchannel("A")
        edge = alpha.point(lambda value: 255 if value > 40 else 0)
        assert ImageChops.lighter(red, ImageOps.invert(edge)).histogram()[:225] == [0] * 225
