"""Handsome pictures made from nothing but a seed: ridges, seas, skies, lights. For screenshots and demonstrations."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Color = tuple[int, int, int]
Size = tuple[int, int]

_SKIES: tuple[tuple[Color, Color, Color], ...] = (
    ((38, 66, 130), (238, 142, 104), (255, 214, 150)),
    ((20, 30, 68), (120, 84, 150), (250, 160, 140)),
    ((96, 160, 214), (182, 216, 236), (250, 240, 224)),
    ((28, 92, 120), (130, 190, 190), (252, 226, 178)),
    ((60, 40, 90), (210, 100, 110), (255, 190, 120)),
    ((120, 168, 200), (214, 226, 226), (252, 246, 236)),
    ((12, 44, 74), (54, 120, 140), (190, 220, 190)),
)


def scene(seed: int, size: Size | None = None, *, small: bool = False) -> tuple[str, bytes]:
    """A name and the bytes of a JPEG; the same for the same seed."""
    rng = random.Random(seed)
    shape = rng.choice([(1500, 1000), (1500, 1000), (1000, 1400), (1600, 900), (1200, 1200), (2000, 860), (1050, 1400)])
    kind, paint = list(_KINDS.items())[seed % len(_KINDS)]
    size = size or shape
    image = paint(rng, (size[0] * 2 // 3, size[1] * 2 // 3) if small else size)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return f"{kind}-{1000 + seed}.jpg", out.getvalue()


def _mix(a: Color, b: Color, part: float) -> Color:
    return (
        round(a[0] + (b[0] - a[0]) * part),
        round(a[1] + (b[1] - a[1]) * part),
        round(a[2] + (b[2] - a[2]) * part),
    )


def _sky(size: Size, colors: tuple[Color, Color, Color]) -> Image.Image:
    strip = Image.new("RGB", (1, 3))
    for y, color in enumerate(colors):
        strip.putpixel((0, y), color)
    tall = strip.resize((1, size[1]), Image.Resampling.BICUBIC)
    return tall.resize(size)


def _glow(image: Image.Image, at: tuple[float, float], radius: float, color: Color, strength: float = 1.0) -> None:
    light = Image.radial_gradient("L").resize((int(radius * 2), int(radius * 2)))
    light = light.point([round((max(0, 255 - value * 1.25) / 255) ** 2 * 255 * strength) for value in range(256)])
    image.paste(Image.new("RGB", light.size, color), (int(at[0] - radius), int(at[1] - radius)), light)


def _ridge(rng: random.Random, width: int, rough: float) -> list[float]:
    waves = [
        (rng.uniform(0.6, 1.6) * 2**n, rng.uniform(0, 2 * math.pi), rough * rng.uniform(0.6, 1.2) / 1.85**n)
        for n in range(7)
    ]
    return [sum(a * math.sin(f * 2 * math.pi * x / width + p) for f, p, a in waves) for x in range(0, width + 4, 4)]


def _ridges(rng: random.Random, image: Image.Image, far: Color, near: Color, count: int, top: float) -> None:
    width, height = image.size
    draw = ImageDraw.Draw(image)
    for n in range(count):
        part = (n + 1) / count
        base = height * (top + (1 - top) * 0.85 * part**1.2)
        heights = _ridge(rng, width, height * (0.075 - 0.03 * part))
        line = [(4 * i, base + y) for i, y in enumerate(heights)]
        draw.polygon([*line, (width, height), (0, height)], fill=_mix(far, near, part**1.1))
        if n < count - 1:
            _haze(image, int(base), _mix(far, (255, 246, 236), 0.35), 0.22 * (1 - part))


def _haze(image: Image.Image, top: int, color: Color, strength: float) -> None:
    width, height = image.size
    depth = max(2, height // 4)
    mask = Image.linear_gradient("L").resize((width, depth)).point([round(v * strength) for v in range(256)])
    image.paste(Image.new("RGB", mask.size, color), (0, min(height - 1, top)), mask)


def _mountains(rng: random.Random, size: Size) -> Image.Image:
    colors = rng.choice(_SKIES)
    image = _sky(size, colors)
    sun = (size[0] * rng.uniform(0.2, 0.8), size[1] * rng.uniform(0.25, 0.45))
    _glow(image, sun, size[1] * 0.5, (255, 236, 200), 0.7)
    _glow(image, sun, size[1] * 0.07, (255, 252, 240))
    _ridges(rng, image, _mix(colors[1], colors[2], 0.4), _mix(colors[0], (8, 14, 22), 0.65), 6, 0.4)
    return image.filter(ImageFilter.GaussianBlur(0.8))


def _sea(rng: random.Random, size: Size) -> Image.Image:
    colors = rng.choice(_SKIES)
    width, height = size
    horizon = int(height * rng.uniform(0.5, 0.62))
    image = Image.new("RGB", size)
    sky = _sky((width, horizon), colors)
    sun = (width * rng.uniform(0.3, 0.7), horizon * rng.uniform(0.72, 0.95))
    _glow(sky, sun, height * 0.45, (255, 230, 180), 0.8)
    _glow(sky, sun, height * 0.06, (255, 252, 240))
    image.paste(sky, (0, 0))
    water = sky.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width, height - horizon))
    water = Image.blend(water, Image.new("RGB", water.size, _mix(colors[0], (6, 20, 34), 0.5)), 0.42)
    image.paste(water.filter(ImageFilter.GaussianBlur(5)), (0, horizon))
    draw = ImageDraw.Draw(image, "RGBA")
    for _ in range(1400):
        depth = rng.random() ** 1.6
        y = horizon + 2 + depth * (height - horizon)
        spread = (0.04 + depth * 0.3) * width
        x, long = rng.gauss(sun[0], spread), (4 + depth * 60) * rng.uniform(0.4, 1.4)
        draw.line([(x - long, y), (x + long, y)], (255, 240, 214, rng.randint(10, 70)), 1 + int(depth * 3))
    return image.filter(ImageFilter.GaussianBlur(0.8))


def _dunes(rng: random.Random, size: Size) -> Image.Image:
    image = _sky(size, ((70, 130, 190), (150, 196, 220), (246, 226, 196)))
    warm = rng.choice([(232, 170, 104), (224, 148, 110), (238, 196, 140)])
    _ridges(rng, image, _mix(warm, (255, 240, 220), 0.45), _mix(warm, (92, 40, 30), 0.55), 5, 0.45)
    _glow(image, (size[0] * 0.8, size[1] * 0.18), size[1] * 0.4, (255, 248, 226), 0.8)
    return image.filter(ImageFilter.GaussianBlur(1.0))


def _night(rng: random.Random, size: Size) -> Image.Image:
    width, height = size
    image = _sky(size, ((6, 10, 30), (16, 34, 66), (40, 80, 100)))
    draw = ImageDraw.Draw(image)
    for _ in range(700):
        left, up, light = rng.randrange(width), rng.randrange(int(height * 0.8)), rng.randint(90, 255)
        r = rng.choice((0, 0, 0, 1))
        draw.ellipse([left - r, up - r, left + r, up + r], fill=(light, light, min(255, light + 20)))
    curtain = Image.new("RGB", size)
    paint = ImageDraw.Draw(curtain)
    green = rng.choice([(70, 240, 170), (110, 230, 210), (160, 130, 250)])
    waves = _ridge(rng, width, height * 0.09)
    for i, y in enumerate(waves):
        base = height * 0.42 + y
        paint.line(
            [(4 * i, base - height * rng.uniform(0.18, 0.34)), (4 * i, base)],
            fill=_mix(green, (0, 0, 0), rng.uniform(0.3, 0.6)),
            width=5,
        )
    image = Image.blend(image, ImageChops.add(image, curtain.filter(ImageFilter.GaussianBlur(height / 42))), 0.9)
    _ridges(rng, image, (14, 30, 46), (3, 6, 12), 3, 0.72)
    return image


def _forest(rng: random.Random, size: Size) -> Image.Image:
    width, height = size
    image = _sky(size, ((176, 196, 200), (206, 216, 212), (232, 232, 222)))
    dark = rng.choice([(16, 46, 44), (20, 40, 56), (36, 48, 30)])
    for layer in range(5):
        part = (layer + 1) / 5
        color = _mix((186, 202, 200), dark, part**1.3)
        draw = ImageDraw.Draw(image)
        for _ in range(int(54 - 30 * part)):
            x, base = rng.uniform(-20, width + 20), height * (0.5 + 0.5 * part) + rng.uniform(-20, 30)
            tall = height * (0.16 + 0.34 * part) * rng.uniform(0.7, 1.15)
            for step in range(9):
                y, half = base - tall * step / 9, tall * 0.17 * (1 - step / 9.5)
                draw.polygon([(x - half, y), (x + half, y), (x, y - tall * 0.24)], fill=color)
            draw.rectangle([x - tall * 0.17, base - 4, x + tall * 0.17, base + height], fill=color)
        _haze(image, int(height * (0.35 + 0.3 * part)), (226, 230, 224), 0.5 * (1 - part))
    return image.filter(ImageFilter.GaussianBlur(0.9))


def _lights(rng: random.Random, size: Size) -> Image.Image:
    width, height = size
    a, b = rng.choice([((30, 20, 60), (120, 40, 90)), ((10, 40, 60), (20, 90, 90)), ((60, 26, 20), (150, 70, 30))])
    image = _sky(size, (a, _mix(a, b, 0.5), b))
    warm = [(255, 190, 110), (255, 130, 120), (250, 220, 170), (150, 200, 255), (255, 160, 200)]
    for _ in range(70):
        spot = Image.new("L", size)
        x, y, r = rng.uniform(0, width), rng.gauss(height * 0.55, height * 0.2), rng.uniform(0.015, 0.075) * width
        ImageDraw.Draw(spot).ellipse([x - r, y - r, x + r, y + r], fill=rng.randint(30, 130))
        image.paste(Image.new("RGB", size, rng.choice(warm)), (0, 0), spot.filter(ImageFilter.GaussianBlur(r * 0.08)))
    return image


def _petals(rng: random.Random, size: Size) -> Image.Image:
    width, height = size
    base = rng.choice([(244, 232, 224), (24, 34, 40), (232, 238, 230)])
    image = _sky(size, (base, _mix(base, (128, 128, 128), 0.08), _mix(base, (0, 0, 0), 0.14)))
    inks = [(214, 76, 84), (240, 150, 90), (60, 110, 140), (238, 190, 110), (120, 160, 130)]
    rng.shuffle(inks)
    for flower in range(3):
        cx, cy = width * rng.uniform(0.2, 0.8), height * rng.uniform(0.25, 0.75)
        reach = min(size) * rng.uniform(0.22, 0.4)
        for ring in range(3):
            petal = Image.new("L", size)
            draw = ImageDraw.Draw(petal)
            for n in range(9):
                angle = 2 * math.pi * (n + ring / 2) / 9
                far = reach * (1 - ring * 0.26)
                px, py = cx + math.cos(angle) * far * 0.55, cy + math.sin(angle) * far * 0.55
                r = far * 0.34
                draw.ellipse([px - r, py - r, px + r, py + r], fill=92)
            image.paste(Image.new("RGB", size, _mix(inks[flower], (255, 255, 255), ring * 0.16)), (0, 0), petal)
    return image.filter(ImageFilter.GaussianBlur(0.8))


_KINDS: dict[str, Callable[[random.Random, Size], Image.Image]] = {
    "ridge": _mountains,
    "shore": _sea,
    "forest": _forest,
    "dusk": _mountains,
    "dunes": _dunes,
    "aurora": _night,
    "evening": _lights,
    "bay": _sea,
    "petals": _petals,
}
