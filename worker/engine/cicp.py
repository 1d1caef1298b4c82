"""Colours told by code points (ITU-T H.273) in place of a profile, as HEIC, AVIF and PNG may: the profile they mean."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import cache

# What red, green and blue at full strength are in XYZ, adapted to D50 as profiles have it; in parts of 65536.
_PRIMARIES = {
    1: ((28576, 14580, 913), (25238, 46983, 6363), (9378, 3973, 46805)),  # BT.709 and sRGB
    9: ((44136, 18287, -127), (10857, 44259, 1965), (8199, 2990, 52243)),  # BT.2020
    12: ((33758, 15806, -69), (19134, 45366, 2745), (10299, 4364, 51405)),  # Display P3
}
# BT.601's are so near BT.709's, and so often written by mistake, that viewers make no difference; 2 says nothing.
_USUAL_PRIMARIES = {1, 2, 5, 6, 7}
_D50 = (63190, 65536, 54061)
_STEPS = 4096

# Nits of a white page, and of the brightest light that pictures of high dynamic range are made for.
_WHITE, _PEAK = 203, 1000
_KNEE = 0.5


@cache
def profile_of(primaries: int, transfer: int) -> bytes | None:
    """An ICC profile; nothing where the picture is in sRGB already, or what it is in is not known here."""
    curve = _CURVES.get(transfer, _srgb)
    if primaries in _USUAL_PRIMARIES and curve is _srgb:
        return None
    colours = _PRIMARIES.get(1 if primaries in _USUAL_PRIMARIES else primaries)
    if colours is None:
        return None
    levels = [round(65535 * min(1.0, max(0.0, curve(step / (_STEPS - 1))))) for step in range(_STEPS)]
    steps = b"curv" + bytes(4) + struct.pack(f">I{_STEPS}H", _STEPS, *levels)
    return _packed([b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ"], [_D50, *colours], steps)


def _packed(names: list[bytes], points: list[tuple[int, ...]], curve: bytes) -> bytes:
    """A profile of version 2 (ICC.1:2001-04): its header, index of tags, and their data; one curve for all three."""
    count = len(names) + 3
    at, index, body = 132 + 12 * count, struct.pack(">I", count), b""
    for name, point in zip(names, points, strict=True):
        index += name + struct.pack(">II", at + len(body), 20)
        body += b"XYZ " + bytes(4) + struct.pack(">iii", *point)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        index += name + struct.pack(">II", at + len(body), len(curve))
    body += curve
    head = struct.pack(">I4sI4s4s4s", at + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", *_D50)
    return head.ljust(128, b"\0") + index + body


def _srgb(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _pq(value: float) -> float:
    """SMPTE ST 2084, toned down."""
    root = value ** (1 / 78.84375)
    nits = 10_000 * (max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    return _toned(nits / _WHITE)


def _hlg(value: float) -> float:
    """ARIB STD-B67 as a display of 1000 nits shows it, toned down."""
    scene = value**2 / 3 if value <= 0.5 else (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return _toned(scene**1.2 * _PEAK / _WHITE)


def _toned(light: float) -> float:
    """What is darker than half of white stays; the brighter, the more it is pressed together, up to white."""
    return light if light <= _KNEE else 1 - (1 - _KNEE) * math.exp(-(light - _KNEE) / (1 - _KNEE))


# All others are shown by sRGB's curve, that of BT.709 among them: it is the one they are looked at with.
_CURVES: dict[int, Callable[[float], float]] = {
    4: lambda value: value**2.2,
    5: lambda value: value**2.8,
    8: lambda value: value,
    16: _pq,
    18: _hlg,
}
