"""Colour profiles that would compute for minutes, or come in strange parts, are ignored, and the picture is shown."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageCms

from pipeline.images.formats import Limits, check_bounds, read_header
from tests.pictures import picture
from worker.engine.colour import DAMAGED, to_srgb
from worker.engine.picture import Rendition
from worker.engine.render import render

_CURVES = b"cvst\0\0\0\0" + struct.pack(">HH6I", 3, 3, *(36, 64) * 3)


def profile(elements: int, segments: int) -> bytes:
    """A profile whose conversion is a chain of elements that are all one and the same."""
    curve = b"curf\0\0\0\0" + struct.pack(">HH", segments, 0) + b"parf" + bytes(52)
    named = struct.pack(">II", 16 + 8 * elements, len(_CURVES + curve)) * elements
    chain = b"mpet\0\0\0\0" + struct.pack(">HHI", 3, 3, elements) + named + _CURVES + curve
    head = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:128])
    head[:4] = struct.pack(">I", 144 + len(chain))
    return bytes(head) + struct.pack(">I", 1) + b"D2B0" + struct.pack(">II", 144, len(chain)) + chain


@pytest.mark.parametrize(("elements", "segments"), [(2000, 1), (1, 60_000)])
def test_a_profile_that_computes_for_minutes_is_ignored(elements: int, segments: int) -> None:
    picture = Image.new("RGB", (600, 400), "#c04020")
    shown, notes = to_srgb(picture, [profile(elements, segments)])
    assert notes == (DAMAGED,)
    assert shown.getpixel((0, 0)) == (192, 64, 32)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def segment(part: bytes, number: int, count: int) -> bytes:
    """A part of a profile in its APP2 segment."""
    return b"\xff\xe2" + struct.pack(">H", len(part) + 16) + b"ICC_PROFILE\0" + bytes((number, count)) + part


CHAINS = {
    "16 MB in 255 parts": b"".join(
        segment((SRGB if number == 1 else b"").ljust(65_519, b"\0"), number, 255) for number in range(1, 256)
    ),
    "one part two thousand times": segment(SRGB, 1, 1) * 2000,
    "five thousand parts of nothing": segment(b"", 1, 1) * 5000,
    "a part that is no part": segment(SRGB, 0, 0),
    "parts that are not all there": segment(SRGB[:100], 7, 9),
    "three hundred heads alone": b"\xff\xe2\x00\x0dICC_PROFILE" * 300,
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_picture_is_shown_whatever_parts_its_profile_comes_in(chain: str) -> None:
    jpeg = picture("JPEG", color="#c04020")
    data = jpeg[:2] + CHAINS[chain] + jpeg[2:]
    check_bounds(read_header(io.BytesIO(data)), Limits())
    made: list[Rendition] = []
    assert set(render(io.BytesIO(data), Limits(), made.append).notes) <= {DAMAGED}
    shown = Image.open(io.BytesIO(made[0].data)).convert("RGB").getpixel((0, 0))
    assert isinstance(shown, tuple)
    assert all(abs(seen - meant) < 12 for seen, meant in zip(shown, (192, 64, 32), strict=True))
