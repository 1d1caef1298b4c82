"""What cases of files that are cut off or damaged have in common: their notes, and the pictures in them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from PIL import Image

from tests.cases import Case
from tests.cases.motifs import greys, leaves, painted, rings, soft_disc, sunset, wheel
from tests.render_fixtures import encoded

KIND = "cut off or damaged"
LOWER = "cut off: the lower"
DETAIL = "fine detail is missing"
LATER = "later frames"
NOTHING = "No pixel is missing"
_EXTENSIONS = {"jpeg": "jpg"}


def case(
    name: str,
    about: str,
    data: Callable[[], bytes],
    reference: Callable[[], Image.Image],
    note: str = "",
    there: float = 1.0,
    turned: int = 0,
    **more: Any,
) -> Case:
    """A picture of which a part is `there`: the upper one, or the right (`turned` 1), lower (2) or left (3) one."""
    parts = [(0.0, 0.0, 1.0, there), (1 - there, 0.0, 1.0, 1.0), (0.0, 1 - there, 1.0, 1.0), (0.0, 0.0, there, 1.0)]
    return Case(
        name=_named(name), kind=KIND, about=about, data=data, size=reference().size, reference=reference, note=note,
        notes=bool(note), part=parts[turned], **more,
    )  # fmt: skip


def failed(name: str, about: str, data: Callable[[], bytes]) -> Case:
    """Less than a tenth of a picture."""
    words = ("cut off", "whole file")
    return Case(name=_named(name), kind=KIND, about=about, data=data, ends=("failed",), code="cut-off", words=words)


def _named(name: str) -> str:
    kind = name.partition("-")[0]
    return f"cut-{name}.{_EXTENSIONS.get(kind, kind)}"


def first_part(data: bytes, part: float) -> bytes:
    """As much of a file."""
    return data[: int(len(data) * part)]


def grainy(picture: Image.Image, seed: int) -> Image.Image:
    """With as much detail in every row."""
    grain = Image.frombytes("L", picture.size, Random(seed).randbytes(picture.width * picture.height))
    return Image.blend(picture, grain.convert("RGB"), 0.06)


def noisy() -> Image.Image:
    return grainy(painted(wheel, (240, 180)), 1)


def large_noisy() -> Image.Image:
    return grainy(painted(wheel, (200, 150)).resize((1700, 1275)), 2)


def large_sunset() -> Image.Image:
    return painted(sunset, (180, 240)).resize((1800, 2400))


def dusk() -> Image.Image:
    return grainy(painted(sunset, (220, 160)), 3)


def grainy_greys() -> Image.Image:
    return grainy(painted(greys, (160, 200)), 4)


def dusk_turned() -> Image.Image:
    return dusk().transpose(Image.Transpose.ROTATE_270)


def dusk_head_down() -> Image.Image:
    return dusk().transpose(Image.Transpose.ROTATE_180)


def small_rings() -> Image.Image:
    return painted(rings, (200, 150))


def small_sunset() -> Image.Image:
    return painted(sunset, (200, 160))


def small_leaves() -> Image.Image:
    return painted(leaves, (150, 150))


def small_wheel() -> Image.Image:
    return painted(wheel, (160, 100))


def few(picture: Image.Image) -> Image.Image:
    return picture.quantize(256, dither=Image.Dither.NONE)


def few_dusk() -> Image.Image:
    return few(dusk()).convert("RGB")


def few_rings() -> Image.Image:
    return few(small_rings()).convert("RGB")


def few_sunset() -> Image.Image:
    return few(small_sunset()).convert("RGB")


def few_wheel() -> Image.Image:
    return few(small_wheel()).convert("RGB")


def holed() -> Image.Image:
    picture = few_dusk().convert("RGBA")
    picture.putalpha(soft_disc(picture.size).point(lambda value: 255 if value > 128 else 0))
    return picture


def clear() -> Image.Image:
    picture = noisy()
    picture.putalpha(soft_disc(picture.size))
    return picture


def three_frames(kind: str, *first: Image.Image) -> bytes:
    """An animation of that picture and two others."""
    others = [painted(motif, first[0].size) for motif in (rings, sunset)]
    return encoded(first[0], kind, save_all=True, append_images=others, duration=80, quality=92)
