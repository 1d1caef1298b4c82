"""High dynamic range (Rec. ITU-R BT.2100, PQ and HLG) brought to a usual screen's by the curve of Report BT.2390.

docs/formats.md states every step; `tests/test_hdr.py` has them a second time, independently.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from PIL import Image, ImageCms

from worker.engine.profiles import (
    Chromaticities,
    Matrix,
    apply,
    inverse,
    matrix_profile,
    product,
    table_profile,
    to_d50,
)

# Nits of diffuse white (Report BT.2408), which becomes the screen's brightest light; of the display that a picture
# is made for if it does not say; and of the brightest light that PQ knows.
WHITE, USUAL_PEAK, BRIGHTEST = 203.0, 1000.0, 10_000.0

BT2020: Chromaticities = ((0.3127, 0.3290), (0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_LUMINANCE = (0.2627, 0.6780, 0.0593)

# Each axis of the table. Little CMS cuts its cells into tetrahedra, at whose edges the strongest primary changes.
_NODES = 25


@dataclass(frozen=True, slots=True)
class HighRange:
    """Colours of high dynamic range: the primaries, whether HLG or PQ, and the nits of the brightest light in it."""

    primaries: Chromaticities
    hlg: bool
    peak: float = USUAL_PEAK


def tone_mapped(picture: Image.Image, colours: HighRange) -> Image.Image:
    """An RGB picture of eight bits, from `colours` to BT.2020's primaries with sRGB's curve: `toned_profile()`.

    The way to sRGB's own primaries is another step: what is cut there would be a corner within a cell of the table.
    """
    return ImageCms.applyTransform(picture, _transform(colours)) or picture


@cache
def toned_profile() -> bytes:
    """The profile of what `tone_mapped` makes."""
    return matrix_profile(BT2020, srgb_light) or b""


@lru_cache(maxsize=4)
def _transform(colours: HighRange) -> ImageCms.ImageCmsTransform:
    source, target = (ImageCms.ImageCmsProfile(io.BytesIO(data)) for data in (_profile(colours), toned_profile()))
    return ImageCms.buildTransform(source, target, "RGB", "RGB")


def _profile(colours: HighRange) -> bytes:
    to_2020, to_xyz = _to_bt2020(colours.primaries), to_d50(BT2020)
    assert to_xyz is not None
    decoded = [(_hlg_scene if colours.hlg else pq_nits)(node / (_NODES - 1)) for node in range(_NODES)]
    gain = _gain(USUAL_PEAK if colours.hlg else min(max(colours.peak, WHITE), BRIGHTEST))
    table = []
    for red, green, blue in itertools.product(decoded, repeat=3):
        light = apply(to_2020, (red, green, blue))
        if colours.hlg:
            light = _displayed(light)
        scale = gain(max(light)) / WHITE
        table.append(apply(to_xyz, (light[0] * scale, light[1] * scale, light[2] * scale)))
    return table_profile(_NODES, table)


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


def srgb_light(value: float) -> float:
    """The linear light of a value of sRGB, both 0 to 1."""
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
