"""High dynamic range: compared by CIEDE2000 with the published curve, and hue by hue with the light itself."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from tests.cases import Case
from tests.cases.colour_science import (
    TO_BT709,
    TO_BT2020,
    Color,
    delta_e,
    hlg_scene_of_display,
    hlg_signal,
    lab,
    pq_nits,
    pq_signal,
    srgb_value,
    times,
    tone_mapped,
)
from tests.cases.hdr import BT2020, HLG, P3, PQ, cases
from tests.cases.pngs import RGB, png
from tests.render_fixtures import rendered

MEAN, MOST = 3.0, 10.0
_PLACE = 8


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_light_is_toned_by_the_published_curve(case: Case, tmp_path: Path) -> None:
    _, made = rendered(case.data(), tmp_path)
    assert case.reference
    reference = places(case.reference())
    for picture in made.values():
        found = [delta_e(*pair) for pair in zip(places(picture), reference, strict=True)]
        print(case.name, round(sum(found) / len(found), 2), round(max(found), 2))
        assert sum(found) / len(found) <= MEAN
        assert max(found) <= MOST


def places(picture: Image.Image) -> list[Color]:
    """The mean of each place of 8 × 8 pixels, in L*a*b*."""
    data = picture.convert("RGB").reduce(_PLACE).tobytes()
    return [lab((data[at] / 255, data[at + 1] / 255, data[at + 2] / 255)) for at in range(0, len(data), 3)]


def stripes(signals: list[Color], primaries: int, transfer: int, folder: Path) -> list[Color]:
    """How signals of 16 bits, each a stripe of 16 × 16 pixels, come out in the view: values of sRGB, 0 to 1."""
    row = b"".join(b"".join(round(65535 * value).to_bytes(2) for value in signal) * 16 for signal in signals)
    chunks = [(b"cICP", bytes((primaries, transfer, 0, 1)))]
    _, made = rendered(png((16 * len(signals), 16), RGB, row * 16, chunks, bits=16), folder)
    data = made["view"].convert("RGB").crop((0, 4, 16 * len(signals), 12)).reduce((16, 8)).tobytes()
    return [(data[at] / 255, data[at + 1] / 255, data[at + 2] / 255) for at in range(0, len(data), 3)]


def pq(nits: Color) -> Color:
    return pq_signal(nits[0]), pq_signal(nits[1]), pq_signal(nits[2])


def hlg(nits: Color) -> Color:
    scene = hlg_scene_of_display(nits)
    return hlg_signal(scene[0]), hlg_signal(scene[1]), hlg_signal(scene[2])


def hue(color: Color) -> float:
    _, a, b = lab(color)
    return math.degrees(math.atan2(b, a))


SATURATED = {"green": (0.05, 1.0, 0.1), "lime": (0.3, 1.0, 0.05), "red": (1.0, 0.06, 0.04), "blue": (0.1, 0.15, 1.0)}


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("name", SATURATED)
def test_hue_stays_that_of_the_light_however_bright_it_is(name: str, transfer: int, tmp_path: Path) -> None:
    color = SATURATED[name]
    lights = [times(TO_BT2020["bt709"], (white * value for value in color)) for white in (60, 150, 300, 600, 900)]
    signals = [(pq if transfer == PQ else hlg)(light) for light in lights]
    # HLG cannot say all blues at 900 nits
    found = stripes([signal for signal in signals if max(signal) <= 1], BT2020, transfer, tmp_path)
    assert len(found) >= 4
    managed = hue((srgb_value(color[0]), srgb_value(color[1]), srgb_value(color[2])))
    turns = [(hue(one) - managed + 180) % 360 - 180 for one in found]
    assert max(map(abs, turns)) < 4, turns


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_brighter_light_never_comes_out_darker(transfer: int, tmp_path: Path) -> None:
    signals = [(value / 99, value / 99, value / 99) for value in range(100)]
    found = [sum(color) / 3 for color in stripes(signals, BT2020, transfer, tmp_path)]
    assert all(after >= before - 1.1 / 255 for before, after in pairwise(found)), found
    assert found[0] == 0
    assert found[-1] == 1


def test_dark_middle_and_white_can_be_told_apart(tmp_path: Path) -> None:
    greys = [(nits, nits, nits) for nits in (5, 36, 203, 1000)]
    for transfer, coded in ((PQ, pq), (HLG, hlg)):
        dark, middle, white, glare = (
            color[1] for color in stripes([coded(g) for g in greys], BT2020, transfer, tmp_path)
        )
        assert 0.12 < dark < 0.2
        assert 0.44 < middle < 0.48
        assert 0.88 < white < 0.91
        assert glare > 0.99


def test_other_primaries_are_brought_to_those_of_the_curve(tmp_path: Path) -> None:
    signals = [(0.6, 0.3, 0.3), (0.4, 0.62, 0.35), (0.3, 0.35, 0.58), (0.55, 0.55, 0.2)]
    found = stripes(signals, P3, PQ, tmp_path)
    for signal, color in zip(signals, found, strict=True):
        light = times(TO_BT2020["p3"], (pq_nits(value) for value in signal))
        assert delta_e(lab(color), lab(tone_mapped(light))) < 3


def test_what_is_below_the_knee_is_left_as_it_is(tmp_path: Path) -> None:
    lights = [(90.0, 40.0, 30.0), (20.0, 60.0, 25.0), (15.0, 20.0, 80.0), (90.0, 90.0, 90.0)]
    found = stripes([pq(light) for light in lights], BT2020, PQ, tmp_path)
    for light, color in zip(lights, found, strict=True):
        red, green, blue = (srgb_value(value / 203) for value in times(TO_BT709["bt2020"], light))
        assert delta_e(lab(color), lab((red, green, blue))) < 2
