"""Colours told by code points (ITU-T H.273), or measured (gAMA and cHRM of a PNG), in place of a profile."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

from worker.engine.hdr import BT2020, USUAL_PEAK, HighRange, srgb_light
from worker.engine.profiles import Chromaticities, Point, matrix_profile

Meaning = bytes | HighRange
"""What the numbers of a picture mean: an ICC profile, or high dynamic range."""

SRGB = b""
"""The meaning of a picture that is in sRGB already."""

_D65, _C, _DCI, _E = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351), (1 / 3, 1 / 3)
_BT709: tuple[Point, Point, Point] = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_PRIMARIES: dict[int, Chromaticities] = {
    1: (_D65, *_BT709),
    4: (_C, (0.670, 0.330), (0.210, 0.710), (0.140, 0.080)),
    5: (_D65, (0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    6: (_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: (_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    8: (_C, (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)),
    9: BT2020,
    10: (_E, (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)),
    11: (_DCI, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: (_D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
_PQ, _HLG = 16, 18
# A gamma so near to a screen's own (2.2) is left alone, as libpng and Chromium do.
_SCREEN_GAMMA, _SAME = 2.2, 0.05


def _smpte240(value: float) -> float:
    return value / 4 if value < 0.0913 else float(((value + 0.1115) / 1.1115) ** (1 / 0.45))


def _television(value: float) -> float:
    return float(value**2.4)


_CURVES: dict[int, Callable[[float], float]] = {
    4: lambda value: value**2.2,
    5: lambda value: value**2.8,
    7: _smpte240,
    8: lambda value: value,
    13: srgb_light,
    17: lambda value: 52.37 / 48 * value**2.6,
}
# BT.709 and its kin.
_TELEVISION = (1, 6, 11, 14, 15)


def coded(primaries: int, transfer: int, peak: float = 0) -> Meaning:
    """What a HEIC or AVIF says, as Chromium takes it: what is unknown is taken as sRGB's.

    Television's curve is sRGB's too: it is the one that such pictures are looked at with. `peak` is the brightest
    light in nits, 0 if unknown; it counts if the curve is PQ.
    """
    colours = primaries if primaries in _PRIMARIES else 1
    if transfer in (_PQ, _HLG):
        return HighRange(_PRIMARIES[colours], transfer == _HLG, peak or USUAL_PEAK)
    return _profile(colours, transfer if transfer in _CURVES else 13)


def coded_in_png(primaries: int, transfer: int, peak: float = 0) -> Meaning | None:
    """What the cICP chunk of a PNG says, as Chromium takes it; None if a code is unknown: the next chunk counts then.

    Television's curve is that of its displays (Rec. ITU-R BT.1886).
    """
    if primaries not in _PRIMARIES or transfer not in (*_CURVES, *_TELEVISION, _PQ, _HLG):
        return None
    if transfer in (_PQ, _HLG):
        return HighRange(_PRIMARIES[primaries], transfer == _HLG, peak or USUAL_PEAK)
    return _profile(primaries, transfer)


@lru_cache(maxsize=16)
def measured(gamma: float, chromaticities: tuple[float, ...]) -> Meaning:
    """What gAMA (more than 0) and cHRM (x and y of white, red, green, blue; empty if there is none) say, as Chromium
    takes it: beside a cHRM that makes no sense, gAMA says nothing."""
    exponent = 1 / gamma
    if not chromaticities:
        if abs(_SCREEN_GAMMA * gamma - 1) <= _SAME:
            return SRGB
        return matrix_profile(_PRIMARIES[1], lambda value: value**exponent) or SRGB
    if max(chromaticities) > 1:
        return SRGB
    x, y = chromaticities[::2], chromaticities[1::2]
    white, red, green, blue = zip(x, y, strict=True)
    return matrix_profile((white, red, green, blue), lambda value: value**exponent) or SRGB


@cache
def _profile(primaries: int, transfer: int) -> bytes:
    if (primaries, transfer) == (1, 13):
        return SRGB
    return matrix_profile(_PRIMARIES[primaries], _CURVES.get(transfer, _television)) or SRGB
