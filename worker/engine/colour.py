"""Colour: every picture ends in sRGB, by what the file says of its colours, if that can be believed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import product

from PIL import Image, ImageCms

from worker.engine import hdr
from worker.engine.cicp import Meaning, coded

DAMAGED = "The colour profile is damaged and was ignored."
UNFIT = "The colour profile does not fit the picture and was ignored."

_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_TAGS = 100
# Of a chain that is computed (`mpet`, ICC.1:2022) and of a curve in it: a file can name one element thousands of times.
_ELEMENTS, _SEGMENTS = 32, 64
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def to_srgb(picture: Image.Image, meanings: Sequence[Meaning]) -> tuple[Image.Image, tuple[str, ...]]:
    """`picture` (L, La, RGB, RGBa or CMYK) as RGB or RGBA in sRGB, and remarks for the record.

    Of the `meanings` the first that can be used counts; without one the picture is in sRGB already.
    """
    alpha: Image.Image | None = None
    if picture.mode in ("La", "RGBa"):
        straight = picture.convert({"La": "LA", "RGBa": "RGBA"}[picture.mode])
        alpha = straight.getchannel("A")
        # from here on the colours alone
        picture = straight.getchannel("L") if straight.mode == "LA" else straight.convert("RGB")
        if alpha.getextrema()[0] == 255:
            alpha = None
    colours, notes = _first_usable(picture, meanings)
    if colours.mode != "RGB":
        colours = colours.convert("RGB")
    if alpha is not None:
        colours = colours.copy() if colours is picture else colours
        colours.putalpha(alpha)
    return colours, notes


def _first_usable(picture: Image.Image, meanings: Sequence[Meaning]) -> tuple[Image.Image, tuple[str, ...]]:
    notes: list[str] = []
    for meaning in meanings:
        try:
            return _converted(picture, meaning), tuple(notes)
        except _Unfit:
            notes.append(UNFIT)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append(DAMAGED)
    return picture, tuple(notes)


class _Unfit(Exception):
    """The profile is for pictures of another kind."""


def _converted(picture: Image.Image, meaning: Meaning) -> Image.Image:
    if isinstance(meaning, bytes) and meaning:
        meaning = _code_points(meaning) or meaning
    if isinstance(meaning, hdr.HighRange):
        picture, meaning = hdr.tone_mapped(picture.convert("RGB"), meaning), hdr.toned_profile()
    return _by_profile(picture, meaning) if meaning else picture


def _by_profile(picture: Image.Image, data: bytes) -> Image.Image:
    if len(data) < int.from_bytes(data[:4]):
        raise ImageCms.PyCMSError("the profile is cut off")
    if _computes_long(data):
        raise ImageCms.PyCMSError("the profile would take minutes")
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    mode = _MODES.get(profile.profile.xcolor_space)
    if mode is None or (mode == "CMYK") != (picture.mode == "CMYK") or (mode == "L" and picture.mode == "RGB"):
        raise _Unfit
    picture = picture.convert(mode)
    transform = ImageCms.buildTransform(profile, _SRGB, mode, "RGB")
    if mode == "RGB" and _does_nothing(transform):
        return picture
    return ImageCms.applyTransform(picture, transform) or picture


def _computes_long(profile: bytes) -> bool:
    """Whether a chain of elements is longer than any that is in use, or one of its curves has more segments."""
    starts = [
        int.from_bytes(profile[at + 4 : at + 8]) for at in range(132, min(len(profile), 132 + 12 * _TAGS) - 11, 12)
    ]
    chains = [start for start in starts if profile[start : start + 4] == b"mpet"]
    if any(int.from_bytes(profile[start + 12 : start + 16]) > _ELEMENTS for start in chains):
        return True
    at = profile.find(b"curf") if chains else -1
    while at >= 0:
        if int.from_bytes(profile[at + 8 : at + 10]) > _SEGMENTS:
            return True
        at = profile.find(b"curf", at + 4)
    return False


def _code_points(profile: bytes) -> hdr.HighRange | None:
    """High dynamic range that a profile (ICC.1:2022, `cicp`) names: of its curves no display of ours could show all."""
    for at in range(132, min(len(profile), 132 + 12 * _TAGS) - 11, 12):
        if profile[at : at + 4] == b"cicp":
            start = int.from_bytes(profile[at + 4 : at + 8])
            meaning = coded(*profile[start + 8 : start + 10]) if len(profile) >= start + 12 else None
            return meaning if isinstance(meaning, hdr.HighRange) else None
    return None


def _does_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether it moves no colour by more than one step: most pictures carry sRGB's own profile."""
    steps = (0, 51, 102, 153, 204, 255)
    cube = Image.frombytes("RGB", (36, 6), bytes(value for colour in product(steps, repeat=3) for value in colour))
    moved = ImageCms.applyTransform(cube, transform)
    if moved is None:
        return False
    return all(abs(a - b) <= 1 for a, b in zip(cube.tobytes(), moved.tobytes(), strict=True))
