"""Pictures of high dynamic range, in every container that can say so; light in nits, by BT.2020's primaries.

The references follow `colour_science.tone_mapped` from the light itself, before it was coded.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import partial

import pillow_heif
from PIL import Image

from tests.cases import Case
from tests.cases.colour_science import (
    TO_BT2020,
    Color,
    hlg_scene_of_display,
    hlg_signal,
    pq_signal,
    srgb_light,
    times,
    tone_mapped,
)
from tests.cases.heif import heif, items_of
from tests.cases.motifs import Motif, Size, greys, leaves, patches, rings, sampled, sunset, wheel
from tests.cases.pngs import RGB, Chunk, png
from tests.render_fixtures import encoded, tagged_profile

KIND = "high dynamic range"
PQ, HLG = 16, 18
BT709, BT2020, P3 = 1, 9, 12

Light = Callable[[float, float], Color]


def lit(motif: Motif, white: float, glare: float = 0.0) -> Light:
    """A motif's colours (sRGB) with `white` nits for white, and a glaring spot of so many nits."""

    def light(x: float, y: float) -> Color:
        distance = (x - 0.7) ** 2 + (y - 0.35) ** 2
        spot = glare * max(0.0, 1 - 20 * distance)
        r, g, b = times(TO_BT2020["bt709"], (white * srgb_light(value) for value in motif(x, y)))
        return r + spot, g + spot, b + spot

    return light


def vivid(motif: Motif, white: float) -> Light:
    """A motif's values as BT.2020's own: colours that no usual screen has."""

    def light(x: float, y: float) -> Color:
        red, green, blue = (white * srgb_light(value) for value in motif(x, y))
        return red, green, blue

    return light


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("pq-patches.avif", "a test card, white at 203 nits", _avif, lit(patches, 203), (288, 192), PQ),
        _case("pq-leaves.avif", "greens of P3's and more, up to 600 nits", _avif, vivid(leaves, 600), (240, 160), PQ),
        _case("hlg-sunset.avif", "a sunset with a sun of 850 nits", _avif, lit(sunset, 250, 600), (264, 176), HLG),
        _case("pq-sunset.heic", "ten bits, a sun of 900 nits", _heic, lit(sunset, 180, 800), (250, 170), PQ),
        _case("hlg-wheel.heic", "ten bits, all hues at 400 nits", _heic, lit(wheel, 400), (288, 120), HLG),
        _case("pq-greys.png", "16 bits, from black to 1000 nits", _png, lit(greys, 1000), (320, 96), PQ),
        _case("hlg-patches.png", "16 bits, white at 500 nits", _png, lit(patches, 500), (192, 128), HLG),
        _case("pq-bright.png", "light of 4000 nits, as cLLI says", _png_4000, lit(rings, 4000), (200, 150), PQ, 4000),
        _case(
            "pq-dim.heic",
            "ten bits, no more than 150 nits, as clli says",
            _heic_150,
            lit(wheel, 150),
            (240, 100),
            PQ,
            150,
        ),
        _case("pq-tagged.webp", "a profile with a cicp tag", _webp, lit(sunset, 500), (220, 150), PQ),
        _case("hlg-tagged.jpg", "a profile with a cicp tag", _jpeg, lit(patches, 203), (288, 192), HLG),
    ]


def _case(
    name: str,
    about: str,
    make: Callable[[_Picture], bytes],
    light: Light,
    size: Size,
    transfer: int,
    peak: float = 1000,
) -> Case:
    picture = _Picture(light, size, transfer)
    return Case(
        name=f"hdr-{name}",
        kind=KIND,
        about=about,
        data=partial(make, picture),
        reference=partial(shown, light, size, peak),
        notes=False,
    )


def shown(light: Light, size: Size, peak: float = 1000) -> Image.Image:
    """What the picture should look like."""
    data = bytes(round(255 * v) for row in sampled(light, size) for nits in row for v in tone_mapped(nits, peak))
    return Image.frombytes("RGB", size, data)


class _Picture:
    """Light and how it is to be coded."""

    def __init__(self, light: Light, size: Size, transfer: int) -> None:
        self.light, self.size, self.transfer = light, size, transfer

    def signals(self, most: int) -> list[int]:
        """The samples of all pixels, from 0 to `most`."""
        coded = _pq if self.transfer == PQ else _hlg
        return [
            round(most * min(1.0, value))
            for row in sampled(self.light, self.size)
            for nits in row
            for value in coded(nits)
        ]

    def eight_bits(self) -> Image.Image:
        """The picture with eight bits a sample."""
        return Image.frombytes("RGB", self.size, bytes(self.signals(255)))


def _pq(nits: Color) -> Color:
    return pq_signal(nits[0]), pq_signal(nits[1]), pq_signal(nits[2])


def _hlg(nits: Color) -> Color:
    scene = hlg_scene_of_display(nits)
    return hlg_signal(scene[0]), hlg_signal(scene[1]), hlg_signal(scene[2])


def coded_as(data: bytes, primaries: int, transfer: int) -> bytes:
    """A HEIC or AVIF with other code points in its nclx box."""
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def _avif(picture: _Picture) -> bytes:
    data = encoded(picture.eight_bits(), "AVIF", quality=100, subsampling="4:4:4")
    return coded_as(data, BT2020, picture.transfer)


def _heic(picture: _Picture) -> bytes:
    samples = struct.pack(f"<{3 * picture.size[0] * picture.size[1]}H", *picture.signals(65535))
    out = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", picture.size, samples).save(
        out, quality=95, chroma=444, color_primaries=BT2020, transfer_characteristics=picture.transfer
    )
    return coded_as(out.getvalue(), BT2020, picture.transfer)


def _png(picture: _Picture, *more: Chunk) -> bytes:
    samples = struct.pack(f">{3 * picture.size[0] * picture.size[1]}H", *picture.signals(65535))
    chunks = [(b"cICP", bytes((BT2020, picture.transfer, 0, 1))), *more]
    return png(picture.size, RGB, samples, chunks, bits=16)


def _png_4000(picture: _Picture) -> bytes:
    return _png(picture, (b"cLLI", struct.pack(">II", 4000 * 10_000, 400 * 10_000)))


def _heic_150(picture: _Picture) -> bytes:
    item = items_of(_heic(picture))[0]
    item.properties.append((b"clli", struct.pack(">HH", 150, 40)))
    return heif([item])


def _webp(picture: _Picture) -> bytes:
    profile = tagged_profile(BT2020, picture.transfer)
    return encoded(picture.eight_bits(), "WEBP", lossless=True, icc_profile=profile)


def _jpeg(picture: _Picture) -> bytes:
    profile = tagged_profile(BT2020, picture.transfer)
    return encoded(picture.eight_bits(), "JPEG", quality=95, subsampling=0, icc_profile=profile)
