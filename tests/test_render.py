"""Right pictures: each kind of file against a reference, by perceptual distance."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageOps

from pipeline.images.formats import read_header
from tests.render_fixtures import CLOSE, distance, encoded, rendered, scene


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
    assert found.placeholder is not None
    assert 20 < len(found.placeholder) < 40
