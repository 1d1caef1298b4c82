"""Colour profiles that would compute for minutes are ignored, and the picture is shown."""

from __future__ import annotations

import struct

import pytest
from PIL import Image, ImageCms

from worker.engine.colour import DAMAGED, to_srgb

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
