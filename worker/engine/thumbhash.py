"""ThumbHash: a blurred likeness of a picture in some 25 bytes, drawn by the browser before the tile is there.

After Evan Wallace's published algorithm (https://evanw.github.io/thumbhash/): a discrete cosine transform of
brightness, two colour differences and alpha, the lowest frequencies of each in four bits. The transform here
goes by rows, then columns, which needs a tenth of the multiplications of the reference.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from math import cos, pi
from operator import mul

Plane = Sequence[Sequence[float]]
"""Rows of values, each some 0 to 1."""


def thumbhash(width: int, height: int, rgba: bytes) -> str:
    """The hash, in base64, of `rgba`: straight alpha, 4 bytes a pixel, row by row, at most 100 × 100."""
    alphas = [value / 255 for value in rgba[3::4]]
    colors = [[value / 255 for value in rgba[channel::4]] for channel in range(3)]
    has_alpha = min(alphas) < 1
    seen = sum(alphas)
    averages = [sum(map(mul, color, alphas)) / seen if seen else 0.0 for color in colors]
    # Onto the average colour where it shows through, so that hidden colours don't bleed in.
    red, green, blue = (
        [average + alpha * (value - average) for value, alpha in zip(color, alphas, strict=True)]
        for color, average in zip(colors, averages, strict=True)
    )
    limit, longest = (5 if has_alpha else 7), max(width, height)
    across, down = max(1, _round(limit * width / longest)), max(1, _round(limit * height / longest))

    pixels = list(zip(red, green, blue, strict=True))
    light = _encode(_rows([(r + g + b) / 3 for r, g, b in pixels], width), max(3, across), max(3, down))
    yellow = _encode(_rows([(r + g) / 2 - b for r, g, b in pixels], width), 3, 3)
    rose = _encode(_rows([r - g for r, g, b in pixels], width), 3, 3)
    opaque = _encode(_rows(alphas, width), 5, 5) if has_alpha else None

    return base64.b64encode(_pack(light, yellow, rose, opaque, (across, down), width > height)).decode()


class _Spectrum:
    """The mean of a plane, its other coefficients in reading order, scaled to 0..1, and that scale."""

    def __init__(self, mean: float, others: list[float]) -> None:
        self.mean = mean
        self.scale = max(map(abs, others), default=0.0)
        self.others = [0.5 + 0.5 / self.scale * value for value in others] if self.scale else others


def _pack(
    light: _Spectrum,
    yellow: _Spectrum,
    rose: _Spectrum,
    opaque: _Spectrum | None,
    shape: tuple[int, int],
    landscape: bool,
) -> bytes:
    header = (
        _round(63 * light.mean)
        | _round(31.5 + 31.5 * yellow.mean) << 6
        | _round(31.5 + 31.5 * rose.mean) << 12
        | _round(31 * light.scale) << 18
        | (opaque is not None) << 23
    )
    shorter = shape[1] if landscape else shape[0]
    second = shorter | _round(63 * yellow.scale) << 3 | _round(63 * rose.scale) << 9 | landscape << 15
    packed = bytearray(header.to_bytes(3, "little") + second.to_bytes(2, "little"))
    spectra = [light, yellow, rose]
    if opaque is not None:
        packed.append(_round(15 * opaque.mean) | _round(15 * opaque.scale) << 4)
        spectra.append(opaque)
    nibbles = [_round(15 * value) for spectrum in spectra for value in spectrum.others]
    nibbles += [0] * (len(nibbles) % 2)
    packed.extend(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return bytes(packed)


def _encode(plane: Plane, across: int, down: int) -> _Spectrum:
    """The `across` × `down` lowest cosine coefficients of `plane`, less the last triangle."""
    width, height = len(plane[0]), len(plane)
    waves = [[cos(pi / width * cx * (x + 0.5)) for x in range(width)] for cx in range(across)]
    columns = [[sum(map(mul, row, wave)) for row in plane] for wave in waves]
    mean, others = 0.0, []
    for cy in range(down):
        wave = [cos(pi / height * cy * (y + 0.5)) for y in range(height)]
        cx = 0
        while cx * down < across * (down - cy):
            value = sum(map(mul, columns[cx], wave)) / (width * height)
            if cx or cy:
                others.append(value)
            else:
                mean = value
            cx += 1
    return _Spectrum(mean, others)


def _rows(values: list[float], width: int) -> Plane:
    return [values[start : start + width] for start in range(0, len(values), width)]


def _round(value: float) -> int:
    """Half up, as the reference rounds."""
    return int(value + 0.5)
