"""Colour: every picture ends in sRGB, by the profile it carries where that can be believed."""

from __future__ import annotations

import io
from itertools import product

from PIL import Image, ImageCms

DAMAGED = "The colour profile is damaged and was ignored."
UNFIT = "The colour profile does not fit the picture and was ignored."

_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def to_srgb(picture: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """`picture` (L, La, RGB, RGBa or CMYK) as RGB or RGBA in sRGB, and remarks for the record."""
    alpha: Image.Image | None = None
    if picture.mode in ("La", "RGBa"):
        straight = picture.convert({"La": "LA", "RGBa": "RGBA"}[picture.mode])
        alpha = straight.getchannel("A")
        # from here on the colours alone
        picture = straight.getchannel("L") if straight.mode == "LA" else straight.convert("RGB")
        if alpha.getextrema()[0] == 255:
            alpha = None
    colours, notes = _converted(picture, profile) if profile else (picture, ())
    if colours.mode != "RGB":
        colours = colours.convert("RGB")
    if alpha is not None:
        colours = colours.copy() if colours is picture else colours
        colours.putalpha(alpha)
    return colours, notes


def _converted(picture: Image.Image, data: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        mode = _MODES.get(profile.profile.xcolor_space)
        if mode is None or (mode == "CMYK") != (picture.mode == "CMYK"):
            return picture, (UNFIT,)
        if mode == "L" and picture.mode == "RGB":
            return picture, (UNFIT,)
        picture = picture.convert(mode)
        transform = ImageCms.buildTransform(profile, _SRGB, mode, "RGB")
        if mode == "RGB" and _does_nothing(transform):
            return picture, ()
        return ImageCms.applyTransform(picture, transform) or picture, ()
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture, (DAMAGED,)


def _does_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether it moves no colour by more than one step: most pictures carry sRGB's own profile."""
    steps = (0, 51, 102, 153, 204, 255)
    cube = Image.frombytes("RGB", (36, 6), bytes(value for colour in product(steps, repeat=3) for value in colour))
    moved = ImageCms.applyTransform(cube, transform)
    if moved is None:
        return False
    return all(abs(a - b) <= 1 for a, b in zip(cube.tobytes(), moved.tobytes(), strict=True))
