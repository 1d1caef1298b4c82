"""Right pictures: each kind of file against a reference, by perceptual distance."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps

from pipeline.images.formats import read_header
from tests.render_fixtures import (
    distance,
    encoded,
    in_other_colours,
    linear_grey_profile,
    rendered,
    rotated_cmyk_profile,
    scene,
    swapped_profile,
)
from worker.engine.colour import DAMAGED, UNFIT

CLOSE = 4.0


def exif(orientation: int) -> Image.Exif:
    """With a position and a serial number beside the orientation."""
    found = Image.Exif()
    found[0x0112], found[0xA431] = orientation, "SERIAL-12345"
    found.get_ifd(0x8825)[2] = (48.0, 51.0, 29.0)
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(kind: str, orientation: int, tmp_path: Path) -> None:
    lying = scene()
    tagged = lying.copy()
    tagged.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(tagged)
    lying.info["exif"] = exif(orientation).tobytes()
    data = encoded(lying, kind, exif=lying.info["exif"], quality=95)
    header = read_header(io.BytesIO(data))
    assert (header.width, header.height) == upright.size
    _, made = rendered(data, tmp_path)
    assert distance(made["view"], upright) < CLOSE


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"subsampling": 0}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {"quality": 90}),
        ("WEBP", {"lossless": True}),
        ("HEIF", {}),
        ("HEIF", {"tile_size": 512}),
        ("AVIF", {}),
        ("MPO", {"save_all": True}),
    ],
)
@pytest.mark.parametrize("size", [(320, 200), (4100, 2050)])
def test_every_format_matches_its_reference(
    kind: str, options: dict[str, Any], size: tuple[int, int], tmp_path: Path
) -> None:
    picture = scene(size)
    if kind == "MPO":
        options = {**options, "append_images": [ImageOps.invert(picture)]}
    _, made = rendered(encoded(picture, kind, **options), tmp_path)
    for name, longest in (("grid", 480), ("view", 1600)):
        reference = picture.copy()
        reference.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        assert distance(made[name], reference) < CLOSE


def test_a_jpeg_with_a_gain_map_shows_its_base_picture(tmp_path: Path) -> None:
    base, gain = encoded(scene(), "JPEG"), encoded(Image.new("L", (80, 50), 90), "JPEG")
    xmp = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:Description hdrgm:Version="1.0"/></x:xmpmeta>'
    data = base[:2] + b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp + base[2:] + gain
    _, made = rendered(data, tmp_path)
    assert distance(made["view"], scene()) < CLOSE


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

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_the_embedded_profile_says_what_the_numbers_mean(kind: str, tmp_path: Path) -> None:
    red, green, blue = scene().split()
    numbers = Image.merge("RGB", (green, red, blue))
    data = encoded(numbers, kind, quality=95, icc_profile=swapped_profile())
    found, made = rendered(data, tmp_path)
    assert distance(made["view"], scene()) < CLOSE
    assert found.notes == ()


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "PNG"])
@pytest.mark.parametrize(("primaries", "transfer"), [(12, 13), (9, 1), (9, 16), (9, 18), (1, 8)])
def test_code_points_say_what_the_numbers_mean_where_no_profile_does(
    kind: str, primaries: int, transfer: int, tmp_path: Path
) -> None:
    colours = [(180, 60, 40), (40, 160, 70), (50, 70, 180), (120, 120, 120)]
    numbers, reference = Image.new("RGB", (64, 64)), Image.new("RGB", (64, 64))
    for place, colour in enumerate(colours):
        reference.paste(colour, (16 * place, 0, 16 * place + 16, 64))
        other = in_other_colours(colour, primaries, transfer, television=kind == "PNG")
        numbers.paste(other, (16 * place, 0, 16 * place + 16, 64))
    if kind == "PNG":
        rows = b"".join(b"\0" + numbers.crop((0, row, 64, row + 1)).tobytes() for row in range(64))
        data = png((8, 2, 0), rows, (b"cICP", bytes((primaries, transfer, 0, 1))))
    else:
        data = encoded(numbers, kind, quality=100, subsampling="4:4:4")
        at = data.index(b"colrnclx") + 8
        data = data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]
    found, made = rendered(data, tmp_path)
    assert found.notes == ()
    assert distance(made["view"], reference) < CLOSE


def test_linear_grey_is_brightened(tmp_path: Path) -> None:
    data = encoded(Image.new("L", (64, 64), 128), "JPEG", icc_profile=linear_grey_profile())
    found, made = rendered(data, tmp_path)
    assert (found.notes, found.color) == ((), "#bcbcbc")
    assert distance(made["view"], Image.new("RGB", (64, 64), "#bcbcbc")) < CLOSE


def test_cmyk_is_converted_with_its_profile_and_without(tmp_path: Path) -> None:
    inks = scene().convert("CMYK")
    _, made = rendered(encoded(inks, "JPEG", quality=95), tmp_path)
    assert distance(made["view"], scene()) < CLOSE
    cyan = Image.new("CMYK", (64, 64), (255, 0, 0, 0))
    found, made = rendered(encoded(cyan, "JPEG", quality=95, icc_profile=rotated_cmyk_profile()), tmp_path)
    assert found.notes == ()
    assert distance(made["view"], Image.new("RGB", (64, 64), "magenta")) < CLOSE


@pytest.mark.parametrize(("profile", "note"), [(b"no profile at all" * 9, DAMAGED), (linear_grey_profile(), UNFIT)])
def test_a_profile_that_cannot_be_used_is_ignored_with_a_note(profile: bytes, note: str, tmp_path: Path) -> None:
    found, made = rendered(encoded(scene(), "JPEG", quality=95, icc_profile=profile), tmp_path)
    assert found.notes == (note,)
    assert distance(made["view"], scene()) < CLOSE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_renditions_carry_no_metadata(kind: str, tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(scene(), kind, exif=exif(1), icc_profile=profile, xmp=b"<x:xmpmeta>SERIAL-12345</x:xmpmeta>")
    assert b"SERIAL-12345" in data
    _, made = rendered(data, tmp_path)
    for name, picture in made.items():
        whole = (tmp_path / name).read_bytes()
        assert whole[12:16] == b"VP8 "
        assert b"SERIAL" not in whole
        assert not {"exif", "xmp", "icc_profile"} & set(picture.info)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {"disposal": 2}), ("WEBP", {"lossless": True}), ("PNG", {})])
@pytest.mark.parametrize("empty", [(0, 0, 0, 0), (255, 255, 255, 255)])
def test_an_animation_shows_its_first_frame_that_is_not_empty(
    kind: str, options: dict[str, Any], empty: tuple[int, int, int, int], tmp_path: Path
) -> None:
    frames = [Image.new("RGBA", (320, 200), empty), scene().convert("RGBA"), Image.new("RGBA", (320, 200), "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=150, **options)
    header = read_header(io.BytesIO(data))
    assert (header.animated, header.frames, header.duration_ms) == (True, 3, 450)
    _, made = rendered(data, tmp_path)
    assert distance(made["view"], scene()) < 2 * CLOSE


def test_an_avif_sequence_tells_its_frames(tmp_path: Path) -> None:
    frames = [scene(), ImageOps.invert(scene())]
    data = encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=250)
    header = read_header(io.BytesIO(data))
    assert (header.width, header.height, header.frames, header.duration_ms) == (320, 200, 2, 500)
    _, made = rendered(data, tmp_path)
    assert distance(made["view"], scene()) < CLOSE


def test_the_mean_colour_and_the_placeholder_are_found(tmp_path: Path) -> None:
    found, _ = rendered(encoded(Image.new("RGB", (900, 600), (10, 200, 30)), "PNG"), tmp_path)
    assert found.color == "#0ac81e"
    assert 20 < len(found.placeholder) < 40
