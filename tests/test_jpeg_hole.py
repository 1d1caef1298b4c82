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


@pytest.mark.parametrize("number", [0, 1], ids=["defined again", "unused"])
def test_tables_that_the_picture_does_not_use_say_nothing_about_zeros(number: int) -> None:
    plain = _encoded(Image.new("L", SIZE, 128), optimize=True)
    assert bytes(2048) in plain
    others = _tables(_encoded(Image.effect_noise((64, 64), 60)), number)
    first = plain.index(b"\xff\xc4")
    assert hole(io.BytesIO(plain[:first] + others + plain[first:])) is None


def _encoded(picture: Image.Image, **options: bool) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def _tables(data: bytes, number: int) -> bytes:
    """The segments of the tables of a picture in shades of grey, with another number."""
    found = b""
    for part in data[: data.index(b"\xff\xda")].split(b"\xff\xc4")[1:]:
        found += b"\xff\xc4" + part[:2] + bytes([part[2] | number]) + part[3 : int.from_bytes(part[:2])]
    return found


def test_zeros_in_a_file_whose_scan_has_no_whole_head_are_none() -> None:
    data = _encoded(Image.effect_noise((64, 64), 60))
    scan = data.index(b"\xff\xda")
    assert hole(io.BytesIO(data[:scan] + b"\xff\xda\0\x03\x01" + data[scan + 10 : scan + 200] + bytes(5000))) is None


def test_zeros_behind_the_picture_are_none() -> None:
    file = io.BytesIO()
    Image.effect_noise((600, 400), 60).save(file, "JPEG")
    assert hole(io.BytesIO(file.getvalue() + bytes(10_000))) is None
