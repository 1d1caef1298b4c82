"""What the numbers of a picture mean, by its profile or its code points, against a reference."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image

from tests.cases.pngs import RGB, png
from tests.render_fixtures import (
    CLOSE,
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
        data = png(numbers.size, RGB, numbers.tobytes(), [(b"cICP", bytes((primaries, transfer, 0, 1)))])
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
