"""Zeros that a JPEG's encoder made are no hole in its data."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageFile

from worker.engine.jpeg_hole import hole

SIZE = (6000, 900)


def _slope(mode: str) -> Image.Image:
    return Image.linear_gradient("L").rotate(90).resize(SIZE).convert(mode)


def _dots() -> Image.Image:
    tile = Image.new("L", (8, 8), 255)
    tile.putpixel((0, 0), 215)
    whole = Image.new("L", SIZE)
    for x in range(0, SIZE[0], 8):
        whole.paste(tile, (x, 0))
    row = whole.crop((0, 0, SIZE[0], 8))
    for y in range(8, SIZE[1], 8):
        whole.paste(row, (0, y))
    return whole


PLAIN: dict[str, Callable[[], Image.Image]] = {
    "black": lambda: Image.new("RGB", SIZE),
    "red": lambda: Image.new("RGB", SIZE, "red"),
    "grey": lambda: Image.new("L", SIZE, 128),
    "one ink": lambda: Image.new("CMYK", SIZE, (0, 50, 0, 0)),
    "a slope of grey": lambda: _slope("L"),
    "a slope of colour": lambda: Image.merge("RGB", (_slope("L"), Image.new("L", SIZE, 90), _slope("L").rotate(180))),
    "dots": _dots,
}


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("name", PLAIN)
def test_a_sound_file_has_none_however_plain_it_is(name: str, optimize: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "MAXBLOCK", 1 << 24)
    for quality in (30, 90, 100):
        file = io.BytesIO()
        PLAIN[name]().save(file, "JPEG", quality=quality, optimize=optimize)
        assert hole(file) is None


def test_zeros_behind_the_picture_are_none() -> None:
    file = io.BytesIO()
    Image.effect_noise((600, 400), 60).save(file, "JPEG")
    assert hole(io.BytesIO(file.getvalue() + bytes(10_000))) is None
