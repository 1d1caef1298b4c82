"""Gain maps stay, and how they are applied."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, MpoImagePlugin

from tests import planted
from tests.render_fixtures import swapped_profile
from tests.strip.files import SEEDS, stripped, told


def test_the_gain_map_of_an_ultra_hdr_picture_is_found_and_unchanged(files: dict[str, bytes], tmp_path: Path) -> None:
    for before in (SEEDS["ultra-hdr.jpg"], files["ultra-hdr.jpg"]):
        after = stripped(before)
        (tmp_path / "a.jpg").write_bytes(after)
        found = told(tmp_path / "a.jpg")
        assert found["MPF0:NumberOfImages"] == 2
        start, length = found["MPImage2:MPImageStart"], found["MPImage2:MPImageLength"]
        assert start + length == len(after)
        assert f'Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{length}"'.encode() in after[:start]
        assert b"MotionPhoto" not in after
        assert found["XMP-hdrgm:Version"] == 1.0
        gain_map = after[start:]
        assert b'hdrgm:GainMapMin="-0.5"' in gain_map
        assert gain_map.count(b"<rdf:li>2.25</rdf:li>") == 3
        assert b'hdrgm:BaseRenditionIsHDR="False"' in gain_map
        with MpoImagePlugin.MpoImageFile(io.BytesIO(after)) as picture:
            picture.seek(1)
            pixels = picture.convert("L").tobytes()
        start = SEEDS["ultra-hdr.jpg"].index(b"\xff\xd9\xff\xd8") + 2
        assert Image.open(io.BytesIO(SEEDS["ultra-hdr.jpg"][start:])).convert("L").tobytes() == pixels


def test_an_apple_gain_map_keeps_how_bright_it_may_shine(files: dict[str, bytes], tmp_path: Path) -> None:
    for name in ("iphone.jpg", "iphone.heic"):
        path = tmp_path / name
        path.write_bytes(stripped(files[name]))
        found = told(path)
        assert (found["Apple:HDRHeadroom"], found["Apple:HDRGain"]) == (1.6, 0.025)
        assert found["XMP-HDRGainMap:HDRGainMapVersion"] == 131072
        assert "gainmap" in found["XMP-apdi:AuxiliaryImageType"]
    assert b"Apple iOS" not in stripped(files["a.jpg"])
    assert b"Apple iOS" not in stripped(files["a.heic"])


@contextmanager
def every_part_is_read() -> Iterator[None]:
    """Have pillow-heif read thumbnails and auxiliary images, which the engine turns off for its process."""
    options = pillow_heif.options
    before = options.THUMBNAILS, options.AUX_IMAGES
    options.THUMBNAILS = options.AUX_IMAGES = True
    try:
        yield
    finally:
        options.THUMBNAILS, options.AUX_IMAGES = before


def test_in_a_heic_nothing_moves_and_thumbnails_are_gone() -> None:
    before = SEEDS["iphone.heic"]
    after = stripped(before)
    with every_part_is_read():
        one, other = (pillow_heif.open_heif(io.BytesIO(data)) for data in (before, after))
        main, same = one[one.primary_index], other[other.primary_index]
        info: dict[str, Any] = dict(main.info)
    assert info["thumbnails"]
    assert same.info["thumbnails"] == []
    assert info["icc_profile"] == same.info["icc_profile"] == swapped_profile()
    ((_, (gain_map,)),) = info["aux"].items()
    assert dict(same.info)["aux"] == info["aux"]
    assert bytes(main.get_aux_image(gain_map).data) == bytes(same.get_aux_image(gain_map).data)
    assert after.index(b"mdat") == before.index(b"mdat")
    assert before.endswith(planted.video())
    assert len(after) == before.index(b"mpvd") - 4
