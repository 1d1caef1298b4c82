"""Small pictures that have nothing to do with one another, as linear light or as values: what the cases are made of."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable
from functools import cache
from random import Random

from PIL import Image, ImageDraw, ImageFilter

Size = tuple[int, int]
Color = tuple[float, float, float]
Motif = Callable[[float, float], Color]
"""The colour, 0 to 1 each, at a place; both coordinates run from 0 to 1."""


def painted(motif: Motif, size: Size) -> Image.Image:
    """The motif as an RGB picture of eight bits."""
    return Image.frombytes("RGB", size, _values(motif, size))


@cache
def _values(motif: Motif, size: Size) -> bytes:
    return bytes(round(255 * value) for row in sampled(motif, size) for color in row for value in color)


def sampled(motif: Motif, size: Size) -> list[list[Color]]:
    """The motif at the middle of each pixel, row by row."""
    width, height = size
    return [[motif((x + 0.5) / width, (y + 0.5) / height) for x in range(width)] for y in range(height)]


def wheel(x: float, y: float) -> Color:
    """All hues from left to right, pale above and full below."""
    return colorsys.hsv_to_rgb(x, min(1.0, 0.2 + y), 0.9)


def sunset(x: float, y: float) -> Color:
    """A bright disc in a sky that goes from blue to orange, and dark hills."""
    if y > 0.72 + 0.08 * math.sin(9 * x):
        return 0.04 + 0.05 * x, 0.06, 0.05
    glow = math.exp(-30 * ((x - 0.6) ** 2 + (y - 0.5) ** 2))
    return min(1.0, 0.25 + 0.6 * y + glow), min(1.0, 0.3 + 0.2 * y + 0.8 * glow), max(0.0, 0.7 - 0.7 * y + 0.3 * glow)


def patches(x: float, y: float) -> Color:
    """Six by four flat patches, the colours of a test card: skin, foliage, sky, paints and greys."""
    return _PATCHES[min(3, int(4 * y))][min(5, int(6 * x))]


_PATCHES: list[list[Color]] = [
    [
        (0.45, 0.32, 0.27),
        (0.76, 0.58, 0.51),
        (0.38, 0.48, 0.61),
        (0.34, 0.42, 0.26),
        (0.51, 0.50, 0.69),
        (0.4, 0.74, 0.67),
    ],
    [
        (0.84, 0.49, 0.17),
        (0.31, 0.36, 0.65),
        (0.76, 0.35, 0.39),
        (0.37, 0.24, 0.42),
        (0.62, 0.74, 0.25),
        (0.88, 0.64, 0.18),
    ],
    [
        (0.22, 0.24, 0.59),
        (0.27, 0.58, 0.29),
        (0.69, 0.19, 0.24),
        (0.91, 0.78, 0.12),
        (0.73, 0.34, 0.58),
        (0.03, 0.52, 0.63),
    ],
    [
        (0.95, 0.95, 0.95),
        (0.78, 0.78, 0.78),
        (0.63, 0.63, 0.63),
        (0.48, 0.48, 0.47),
        (0.33, 0.33, 0.33),
        (0.2, 0.2, 0.2),
    ],
]


def leaves(x: float, y: float) -> Color:
    """Saturated greens from dark to bright, with some yellow and some cyan in them."""
    return 0.35 * y * (1 - x), 0.15 + 0.85 * x, 0.3 * (1 - y) * x


def rings(x: float, y: float) -> Color:
    """Rings around a corner, of two colours, ever narrower."""
    part = 0.5 + 0.5 * math.sin(16 * math.hypot(x, y) ** 1.3)
    return 0.9 * part, 0.2 + 0.3 * part, 0.8 * (1 - part)


def greys(x: float, y: float) -> Color:
    """A slope from black to white, with steps in its lower half."""
    value = x if y < 0.5 else int(8 * x) / 7
    return value, value, value


def confetti(size: Size, seed: int) -> Image.Image:
    """Discs of any colour on paper, RGB."""
    random = Random(seed)
    picture = Image.new("RGB", size, (236, 232, 222))
    draw = ImageDraw.Draw(picture)
    for _ in range(14):
        x, y, radius = random.randrange(size[0]), random.randrange(size[1]), random.randint(9, max(10, size[0] // 6))
        color = (random.randrange(256), random.randrange(256), random.randrange(256))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return picture


def soft_disc(size: Size, radius: float = 0.4, blur: float = 0.12) -> Image.Image:
    """A mask, mode L: a disc in the middle with a soft edge; both measures in parts of the shorter side."""
    side = min(size)
    mask = Image.new("L", size)
    x, y, r = size[0] / 2, size[1] / 2, radius * side
    ImageDraw.Draw(mask).ellipse((x - r, y - r, x + r, y + r), fill=255)
    return mask.filter(ImageFilter.GaussianBlur(blur * side / 2))
