"""What the tests of view formats share."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from tests.landscapes import scene
from tests.render_fixtures import encoded

WIDE = (2000, 1200)


def landscape() -> Image.Image:
    return Image.open(io.BytesIO(scene(3, WIDE)[1]))


def text(size: tuple[int, int], height: int) -> Image.Image:
    dice, page = random.Random(4), Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(height)
    for top in range(0, size[1], round(height * 1.4)):
        draw.text((9, top), "".join(dice.choices("abcdefghij klmno pqrstu vwxyz ", k=300)), fill="black", font=font)
    return page


def drawing() -> Image.Image:
    dice, page = random.Random(4), Image.new("RGB", WIDE, "#fff8e0")
    draw = ImageDraw.Draw(page)
    for _ in range(60):
        x, y, radius = dice.randrange(WIDE[0]), dice.randrange(WIDE[1]), dice.randrange(20, 300)
        colour = dice.choice(["#e33", "#39c", "#4a4", "#fc0", "#96c"])
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour, outline="black", width=5)
    return page


def screenshot() -> Image.Image:
    """A window with a list, and a photograph in a corner of it."""
    page = Image.new("RGB", WIDE, "#f4f4f6")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, WIDE[0], 60), fill="#23272f")
    page.paste(text((1200, 1000), 15), (40, 120))
    page.paste(landscape().resize((400, 240)), (1500, 120))
    return page


def sky(noise: float, blur: float) -> Image.Image:
    slope = Image.linear_gradient("L").resize(WIDE).convert("RGB")
    bands = [
        band.point(lambda value, part=part: value * part)
        for band, part in zip(slope.split(), (0.5, 0.7, 0.95), strict=True)
    ]
    grain = Image.effect_noise(WIDE, noise).convert("RGB")
    return ImageChops.add(Image.merge("RGB", bands), grain, 1, -128).filter(ImageFilter.GaussianBlur(blur))


def clear() -> Image.Image:
    picture = landscape().convert("RGBA")
    picture.putpixel((7, 7), (0, 0, 0, 0))
    return picture


DRAWN: dict[str, Callable[[], bytes]] = {
    "a text": lambda: encoded(text(WIDE, 14), "PNG"),
    "a text that is scaled": lambda: encoded(text((3840, 2160), 26), "PNG"),
    "a text in a JPEG": lambda: encoded(text(WIDE, 16), "JPEG", quality=80),
    "a drawing": lambda: encoded(drawing(), "PNG"),
    "a drawing in a JPEG": lambda: encoded(drawing(), "JPEG", quality=90),
    "a drawing in a GIF": lambda: encoded(drawing().quantize(32), "GIF"),
    "a screenshot": lambda: encoded(screenshot(), "PNG"),
    "one colour": lambda: encoded(Image.new("RGB", WIDE, "teal"), "PNG"),
    "a pixel": lambda: encoded(Image.new("L", (1, 1)), "PNG"),
}


TAKEN: dict[str, Callable[[], bytes]] = {
    "a landscape": lambda: scene(3, WIDE)[1],
    "a landscape in a PNG": lambda: encoded(landscape(), "PNG"),
    "a landscape without colours": lambda: encoded(landscape().convert("L"), "JPEG"),
    "an alpha channel that hides nothing": lambda: encoded(landscape().convert("RGBA"), "PNG"),
    "a smooth sky": lambda: encoded(sky(6, 3), "JPEG", quality=75),
    "a sky": lambda: encoded(sky(6, 0), "JPEG", quality=85),
    "grain": lambda: encoded(Image.effect_noise(WIDE, 40), "JPEG", quality=85),
}
