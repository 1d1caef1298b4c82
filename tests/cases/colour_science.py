"""Colour by the published formulas, in plain Python: a second opinion on what the engine makes of a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from PIL import Image

Color = tuple[float, float, float]
Matrix = tuple[Color, Color, Color]

# Linear light of each set of primaries to BT.709's, white to white: Rec. ITU-R BT.2087 and CSS Color 4 (P3, and
# ProPhoto from D50 by Bradford's matrix).
TO_BT709: dict[str, Matrix] = {
    "bt709": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "bt2020": ((1.660491, -0.587641, -0.072850), (-0.124550, 1.132900, -0.008349), (-0.018151, -0.100579, 1.118730)),
    "p3": ((1.224940, -0.224940, 0.0), (-0.042057, 1.042057, 0.0), (-0.019638, -0.078636, 1.098274)),
    "prophoto": ((2.034367, -0.727634, -0.306733), (-0.228826, 1.231753, -0.002927), (-0.008558, -0.153268, 1.161826)),
}
# x and y of white, red, green and blue.
CHROMATICITIES: dict[str, tuple[float, ...]] = {
    "bt709": (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    "bt2020": (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    "p3": (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    "prophoto": (0.34567, 0.35850, 0.734699, 0.265301, 0.159597, 0.840403, 0.036598, 0.000105),
}
TO_BT2020: dict[str, Matrix] = {
    "bt709": ((0.627404, 0.329283, 0.043313), (0.069097, 0.919540, 0.011362), (0.016391, 0.088013, 0.895595)),
    "bt2020": TO_BT709["bt709"],
    "p3": ((0.753833, 0.198597, 0.047570), (0.045744, 0.941777, 0.012479), (-0.001210, 0.017602, 0.983609)),
}


def times(matrix: Matrix, color: Iterable[float]) -> Color:
    """The matrix times the colour."""
    r, g, b = color
    one, two, three = (row[0] * r + row[1] * g + row[2] * b for row in matrix)
    return one, two, three


def srgb_value(light: float) -> float:
    """sRGB's value, 0 to 1, of linear light, cut to 0 to 1 (IEC 61966-2-1)."""
    light = min(1.0, max(0.0, light))
    return light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


def srgb_light(value: float) -> float:
    """Linear light of a value of sRGB."""
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def converted(picture: Image.Image, light: Callable[[float], float], primaries: str) -> Image.Image:
    """An RGB picture in sRGB, from primaries and a curve."""
    lights = [light(value / 255) for value in range(256)]
    found: dict[tuple[int, ...], bytes] = {}
    out = bytearray()
    data = picture.tobytes()
    for at in range(0, len(data), 3):
        key = tuple(data[at : at + 3])
        if key not in found:
            shown = times(TO_BT709[primaries], (lights[value] for value in key))
            found[key] = bytes(round(255 * srgb_value(value)) for value in shown)
        out += found[key]
    return Image.frombytes("RGB", picture.size, bytes(out))


def pq_signal(nits: float) -> float:
    """SMPTE ST 2084: the signal, 0 to 1, of light in nits."""
    y = (max(0.0, nits) / 10_000) ** (2610 / 16384)
    return float(((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32))


def pq_nits(signal: float) -> float:
    """SMPTE ST 2084: the light in nits of a signal, 0 to 1."""
    p = signal ** (32 / 2523)
    return 10_000 * float((max(0.0, p - 3424 / 4096) / (2413 / 128 - 2392 / 128 * p)) ** (16384 / 2610))


def hlg_signal(scene: float) -> float:
    """Rec. ITU-R BT.2100: the signal, 0 to 1, of light of the scene, 0 to 1."""
    a, b, c = 0.17883277, 1 - 4 * 0.17883277, 0.5 - 0.17883277 * math.log(4 * 0.17883277)
    return math.sqrt(3 * scene) if scene <= 1 / 12 else a * math.log(12 * scene - b) + c


def hlg_scene_of_display(nits: Color) -> Color:
    """Rec. ITU-R BT.2100: the scene, 0 to 1, that a display of 1000 nits shows so; BT.2020's primaries."""
    luminance = 0.2627 * nits[0] + 0.6780 * nits[1] + 0.0593 * nits[2]
    if luminance <= 0:
        return 0.0, 0.0, 0.0
    factor = (luminance / 1000) ** ((1 - 1.2) / 1.2) / 1000
    return nits[0] * factor, nits[1] * factor, nits[2] * factor


def eetf(nits: float, source: float, target: float) -> float:
    """Report ITU-R BT.2390, 5.4.1: light made for a display of `source` nits on one of `target` nits; black is 0."""
    black, white = pq_signal(0), pq_signal(source)
    e1 = min(1.0, (pq_signal(nits) - black) / (white - black))
    most = (pq_signal(target) - black) / (white - black)
    knee = 1.5 * most - 0.5
    if e1 < knee or most >= 1:
        e2 = min(e1, most)
    else:
        t = (e1 - knee) / (1 - knee)
        e2 = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return pq_nits(e2 * (white - black) + black)


def tone_mapped(nits: Color, peak: float = 1000.0) -> Color:
    """Light of BT.2020's primaries in nits as values of sRGB, 0 to 1: the curve upon the strongest primary, to a white
    of 203 nits; what sRGB's primaries cannot show is cut (Report ITU-R BT.2407, 2)."""
    strongest = max(nits)
    factor = eetf(strongest, peak, 203.0) / strongest / 203 if strongest > 0 else 0.0
    red, green, blue = (srgb_value(light) for light in times(TO_BT709["bt2020"], (value * factor for value in nits)))
    return red, green, blue


def lab(color: Color) -> Color:
    """CIE L*a*b* (D65) of values of sRGB, 0 to 1."""
    r, g, b = (srgb_light(value) for value in color)
    x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047
    y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
    z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883
    fx, fy, fz = ((t ** (1 / 3)) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def delta_e(one: Color, other: Color) -> float:
    """CIEDE2000 between two colours in L*a*b* (Sharma, Wu and Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean**7 / (mean**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = math.degrees(math.atan2(b1, a1)) % 360, math.degrees(math.atan2(b2, a2)) % 360
    turn = 0.0 if not c1 * c2 else (h2 - h1 + 180) % 360 - 180
    dl, dc, dh = l2 - l1, c2 - c1, 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    l_mean, c_mean = (l1 + l2) / 2, (c1 + c2) / 2
    h_mean = h1 + h2 if not c1 * c2 else (h1 + turn / 2) % 360
    t = (
        1
        - 0.17 * math.cos(math.radians(h_mean - 30))
        + 0.24 * math.cos(math.radians(2 * h_mean))
        + 0.32 * math.cos(math.radians(3 * h_mean + 6))
        - 0.20 * math.cos(math.radians(4 * h_mean - 63))
    )
    sl = 1 + 0.015 * (l_mean - 50) ** 2 / math.sqrt(20 + (l_mean - 50) ** 2)
    sc, sh = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    rotation = -2 * math.sqrt(c_mean**7 / (c_mean**7 + 25**7))
    rotation *= math.sin(math.radians(60 * math.exp(-(((h_mean - 275) / 25) ** 2))))
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rotation * (dc / sc) * (dh / sh))
