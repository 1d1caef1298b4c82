"""Pixels, their colours and how they are turned stay."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from pipeline.images.formats import read_header
from tests import planted
from tests.render_fixtures import encoded, scene, swapped_profile
from tests.strip.files import SEEDS, frames, stripped


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_every_pixel_its_colours_and_how_it_is_turned_stay(files: dict[str, bytes], name: str) -> None:
    before, after = files[name], stripped(files[name])
    for one, other in zip(frames(before), frames(after), strict=True):
        assert one == other
    header = read_header(io.BytesIO(before))
    assert replace(read_header(io.BytesIO(after)), held=0) == replace(header, held=0)
    assert len(after) <= len(before)
    assert stripped(after) == after


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_each_orientation_stays(kind: str, orientation: int) -> None:
    before = encoded(scene(), kind, exif=planted.exif(orientation))
    after = stripped(before)
    assert list(frames(after)) == list(frames(before))
    assert read_header(io.BytesIO(after)).orientation == orientation
    assert planted.MARK not in after


def test_colours_that_only_exif_tells_stay() -> None:
    before = encoded(scene(), "JPEG", exif=planted.exif(1, adobe_rgb=True))
    found = Image.open(io.BytesIO(stripped(before))).getexif()
    assert found.get_ifd(0xA005) == {1: "R03"}
    assert found.get_ifd(0x8769)[0xA001] == 0xFFFF
    assert set(found.get_ifd(0x8769)) == {0xA001, 0xA005}
    assert b"Exif" not in stripped(encoded(scene(), "JPEG", exif=planted.exif(1)))


def test_a_large_profile_in_many_segments_stays() -> None:
    profile = bytearray(swapped_profile() + bytes(200_000))
    profile[:4] = len(profile).to_bytes(4)
    for kind in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF"):
        before = encoded(scene(), kind, icc_profile=bytes(profile), exif=planted.exif())
        assert Image.open(io.BytesIO(stripped(before))).info["icc_profile"] == profile
