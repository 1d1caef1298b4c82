"""High dynamic range (Rec. ITU-R BT.2100, PQ and HLG) brought to a usual screen's by the curve of Report BT.2390.

docs/formats.md states every step; `tests/test_hdr.py` has them a second time, independently.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageFilter

from worker.engine.profiles import Chromaticities, Matrix, apply, inverse, product, to_d50

# Nits of diffuse white (Report BT.2408), which becomes the screen's brightest light; of the display that a picture
# is made for if it does not say; and of the brightest light that PQ knows.
WHITE, USUAL_PEAK, BRIGHTEST = 203.0, 1000.0, 10_000.0

BT2020: Chromaticities = ((0.3127, 0.3290), (0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_LUMINANCE = (0.2627, 0.6780, 0.0593)

# Each axis of the table, which is looked up with linear interpolation: no colour is off by more than ΔE2000 = 3. So
# it leaves the primaries alone: what is cut where they are exchanged would be a corner within a cell.
_NODES = 33


@dataclass(frozen=True, slots=True)
class HighRange:
    """Colours of high dynamic range: the primaries, whether HLG or PQ, and the nits of the brightest light in it."""

    primaries: Chromaticities
    hlg: bool
    peak: float = USUAL_PEAK


def tone_mapped(picture: Image.Image, colours: HighRange) -> Image.Image:
    """An RGB picture of eight bits, from `colours` to `TONE_MAPPED`."""
    return picture.filter(_table(colours))


@lru_cache(maxsize=4)
def _table(colours: HighRange) -> ImageFilter.Color3DLUT:
    to_2020 = _to_bt2020(colours.primaries)
    decoded = [(_hlg_scene if colours.hlg else pq_nits)(node / (_NODES - 1)) for node in range(_NODES)]
    gain = _gain(USUAL_PEAK if colours.hlg else min(max(colours.peak, WHITE), BRIGHTEST))
    table = array("f")
    for blue in decoded:
        for green in decoded:
            for red in decoded:
                light = apply(to_2020, (red, green, blue))
                if colours.hlg:
                    light = _displayed(light)
                scale = gain(max(light)) / WHITE
                table.extend(srgb_value(value * scale) for value in light)
    return ImageFilter.Color3DLUT(_NODES, table, _copy_table=False)


def _to_bt2020(primaries: Chromaticities) -> Matrix:
    """From linear light of other primaries; white stays white."""
    there, back = to_d50(primaries), to_d50(BT2020)
    back = back and inverse(back)
    if there is None or back is None:
        raise ValueError("no colour space")
    return product(back, there)


def pq_nits(value: float) -> float:
    """The light of a PQ signal (SMPTE ST 2084), 0 to 1, in nits."""
    root = value ** (1 / 78.84375)
    return 10_000 * float((max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125))


def pq_signal(nits: float) -> float:
    """The PQ signal, 0 to 1, of light in nits."""
    part = (max(nits, 0.0) / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * part) / (1 + 18.6875 * part)) ** 78.84375)


def _hlg_scene(value: float) -> float:
    """The light of the scene, 0 to 1, of an HLG signal (ARIB STD-B67)."""
    return value**2 / 3 if value <= 0.5 else (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12


def _displayed(scene: tuple[float, float, float]) -> tuple[float, float, float]:
    """Nits on a display of 1000 nits: HLG's OOTF, with a gamma of 1.2 upon luminance."""
    luminance = sum(weight * value for weight, value in zip(_LUMINANCE, scene, strict=True))
    gain = USUAL_PEAK * max(luminance, 0.0) ** 0.2
    return scene[0] * gain, scene[1] * gain, scene[2] * gain


def _gain(peak: float) -> Callable[[float], float]:
    """By how much light whose strongest primary has so many nits is dimmed, for a picture of up to `peak` nits."""
    top = pq_signal(peak)
    target = pq_signal(WHITE) / top
    knee = 1.5 * target - 0.5

    def gain(nits: float) -> float:
        if nits <= 0:
            return 1.0
        signal = min(1.0, pq_signal(nits) / top)
        if signal <= knee:
            return 1.0
        t = (signal - knee) / (1 - knee) if knee < 1 else 0.0
        low, slope, high = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t, -2 * t**3 + 3 * t**2
        return pq_nits((low * knee + slope * (1 - knee) + high * target) * top) / nits

    return gain


def srgb_value(light: float) -> float:
    """The sRGB value, 0 to 1, of linear light, cut to 0 to 1."""
    light = min(1.0, max(0.0, light))
    return 12.92 * light if light <= 0.0031308 else float(1.055 * light ** (1 / 2.4) - 0.055)
