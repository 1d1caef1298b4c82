"""Generated pictures and colour profiles for the tests of rendering, and a perceptual distance to compare by."""

from __future__ import annotations

import io
import math
import struct
from itertools import product
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFilter, ImageStat

from pipeline.images.formats import Limits
from worker.engine.picture import Picture
from worker.engine.render import render

pillow_heif.register_heif_opener()

CLOSE = 4.0
"""The most by `distance` that a rendition may be from its reference."""

_SRGB = ImageCms.createProfile("sRGB")
_TO_LAB = ImageCms.buildTransform(_SRGB, ImageCms.createProfile("LAB"), "RGB", "LAB")


def scene(size: tuple[int, int] = (320, 200)) -> Image.Image:
    """Four colours, a disc and a slope: no symmetry, so that every turn and swap shows."""
    width, height = size
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width // 3, height // 2), fill=(200, 60, 40))
    draw.rectangle((width // 2, 0, width, height // 3), fill=(40, 160, 70))
    draw.rectangle((0, height // 2, width // 4, height), fill=(50, 70, 190))
    draw.ellipse((width // 2, height // 2, width // 2 + height // 4, height * 3 // 4), fill=(230, 210, 60))
    return picture


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file of that kind."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def rendered(data: bytes, folder: Path, limits: Limits | None = None) -> tuple[Picture, dict[str, Image.Image]]:
    """What the engine makes of these bytes: its findings, grid and view."""
    original = folder / "original"
    original.write_bytes(data)
    made: dict[str, Image.Image] = {}

    def keep(rendition: Any) -> None:
        (folder / rendition.name).write_bytes(rendition.data)
        made[rendition.name] = picture = Image.open(io.BytesIO(rendition.data))
        assert picture.size == (rendition.width, rendition.height)

    with original.open("rb") as file:
        found = render(file, limits or Limits(), keep)
    assert list(made) == ["grid", "view"]
    return found, made


def distance(one: Image.Image, other: Image.Image) -> float:
    """Mean CIE 1976 colour difference after a slight blur; some 2 is the least an eye notices side by side."""
    assert one.size == other.size
    difference = ImageChops.difference(_lab(one), _lab(other))
    light, a, b = ImageStat.Stat(difference).rms
    return float(((light / 2.55) ** 2 + a**2 + b**2) ** 0.5)


def _lab(picture: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(picture.convert("RGB").filter(ImageFilter.GaussianBlur(1)), _TO_LAB)
    assert converted is not None
    return converted


# From BT.709's light to BT.2020's (Rec. ITU-R BT.2087) and Display P3's.
_LIGHT = {
    1: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    9: ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)),
    12: ((0.8225, 0.1774, 0.0), (0.0332, 0.9669, 0.0), (0.0171, 0.0724, 0.9108)),
}


def in_other_colours(
    srgb: tuple[int, int, int], primaries: int, transfer: int, *, television: bool = False
) -> tuple[int, ...]:
    """The same colour by other code points of H.273; white has 203 nits where the transfer is PQ (16) or HLG (18).

    BT.709's transfer (1) is sRGB's, or that of `television` (Rec. ITU-R BT.1886), as Chromium shows a PNG.
    """
    light = [value / 255 / 12.92 if value < 11 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in srgb]
    moved = [sum(part * value for part, value in zip(row, light, strict=True)) for row in _LIGHT[primaries]]
    if transfer == 18:  # the OOTF of Rec. ITU-R BT.2100 turned round: a gamma of 1.2 upon luminance
        luminance = 0.2627 * moved[0] + 0.6780 * moved[1] + 0.0593 * moved[2]
        moved = [value * 203 / 1000 * (luminance * 203 / 1000) ** (-0.2 / 1.2) for value in moved]
    if transfer == 1 and television:
        return tuple(round(255 * max(0.0, value) ** (1 / 2.4)) for value in moved)
    return tuple(round(255 * _transferred(value, transfer)) for value in moved)


def _transferred(light: float, transfer: int) -> float:
    if transfer == 8:
        return light
    if transfer == 16:
        part = (light * 203 / 10_000) ** 0.1593017578125
        return float(((0.8359375 + 18.8515625 * part) / (1 + 18.6875 * part)) ** 78.84375)
    if transfer == 18:
        return (3 * light) ** 0.5 if light <= 1 / 12 else 0.17883277 * math.log(12 * light - 0.28466892) + 0.55991073
    return light * 12.92 if light <= 0.0031308 else float(1.055 * light ** (1 / 2.4) - 0.055)


def swapped_profile() -> bytes:
    """sRGB with the primaries of red and green exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(_SRGB).tobytes())
    tags = {bytes(data[at : at + 4]): at for at in range(132, 132 + 12 * int.from_bytes(data[128:132]), 12)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    data[red + 4 : red + 12], data[green + 4 : green + 12] = data[green + 4 : green + 12], data[red + 4 : red + 12]
    return bytes(data)


def linear_grey_profile() -> bytes:
    """Grey whose values are light itself: 128 of 255 shines half as bright as white."""
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    return _profile(b"GRAY", b"XYZ ", b"mntr", {b"wtpt": white, b"kTRC": b"curv" + bytes(8)})


def tagged_profile(primaries: int, transfer: int) -> bytes:
    """A profile of sRGB's colours, which says by code points that they are others (ICC.1:2022, `cicp`)."""
    data = ImageCms.ImageCmsProfile(_SRGB).tobytes()
    count = int.from_bytes(data[128:132])
    tags = {data[at : at + 4]: data[at + 4 : at + 12] for at in range(132, 132 + 12 * count, 12)}
    found = {name: data[int.from_bytes(tag[:4]) :][: int.from_bytes(tag[4:])] for name, tag in tags.items()}
    found[b"cicp"] = b"cicp" + bytes(4) + bytes((primaries, transfer, 0, 1))
    return _profile(b"RGB ", b"XYZ ", b"mntr", found)


def rotated_cmyk_profile() -> bytes:
    """CMYK in which cyan prints magenta, magenta yellow, and yellow cyan."""
    table = bytearray()
    for cyan, magenta, yellow, black in product((0, 1), repeat=4):
        red, green, blue = (round(255 * (1 - ink) * (1 - black)) for ink in (yellow, cyan, magenta))
        light, a, b = _lab(Image.new("RGB", (3, 3), (red, green, blue))).tobytes()[:3]
        table += bytes((light, (a + 128) % 256, (b + 128) % 256))
    ramp = bytes(range(256))
    head = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + struct.pack(">9i", *(65536 * (i % 4 == 0) for i in range(9)))
    return _profile(b"CMYK", b"Lab ", b"prtr", {b"A2B0": head + ramp * 4 + bytes(table) + ramp * 3})


def _profile(space: bytes, connection: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    at, index, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        index += name + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"lcms", 0x02400000, kind, space, connection)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + index + body
