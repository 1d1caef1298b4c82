"""HEIC and AVIF whose colours are multiplied by their alpha (a `prem` reference), and one that only has alpha."""

from __future__ import annotations

import io
from collections.abc import Callable

import pillow_heif
from PIL import Image

from tests.cases import Case
from tests.cases.heif import heif, items_of
from tests.cases.motifs import confetti, leaves, painted, patches, rings, soft_disc, sunset, wheel
from tests.render_fixtures import encoded, swapped_profile

KIND = "HEIC with premultiplied alpha"


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("soft", "an edge that fades away over half of the picture", _soft, _soft_shown),
        _case("turned", "and turned by irot", _turned, lambda: _turned_picture().transpose(Image.Transpose.ROTATE_90)),
        _case("profile", "and with a colour profile, which is of the colours before", _profile, _profile_shown),
        _case("opaque", "though all of it is opaque", _opaque, lambda: painted(patches, (192, 128))),
        _case("deep", "ten bits a sample", _deep, _deep_shown),
        _case("large", "and scaled down", _large, _large_shown),
        _case("straight", "with alpha, not multiplied", _straight, _straight_picture),
        _case("avif", "an AVIF", _avif, _avif_picture, ".avif"),
    ]


def _case(
    name: str, about: str, data: Callable[[], bytes], reference: Callable[[], Image.Image], extension: str = ".heic"
) -> Case:
    name = f"premultiplied-{name}{extension}"
    return Case(name=name, kind=KIND, about=about, data=data, reference=reference, notes=False)


def _masked(picture: Image.Image, mask: Image.Image) -> Image.Image:
    picture = picture.copy()
    picture.putalpha(mask)
    return picture


def _multiplied(picture: Image.Image) -> bytes:
    """A HEIC of an RGBA picture, its colours multiplied by its alpha."""
    return encoded(picture.convert("RGBa"), "HEIF", quality=92, subsampling="4:4:4")


def _soft_shown() -> Image.Image:
    return _masked(painted(wheel, (240, 150)), soft_disc((240, 150), 0.3, 0.4))


def _soft() -> bytes:
    return _multiplied(_soft_shown())


def _turned_picture() -> Image.Image:
    return _masked(painted(sunset, (200, 120)), soft_disc((200, 120)))


def _turned() -> bytes:
    colours, alpha = items_of(_multiplied(_turned_picture()))
    for item in (colours, alpha):
        item.properties.append((b"irot", b"\x01"))
    alpha.references[b"auxl"] = [1]
    colours.references[b"prem"] = [2]
    return heif([colours, alpha])


def _profile_shown() -> Image.Image:
    return _masked(confetti((160, 160), 31), soft_disc((160, 160), 0.45, 0.2))


def _profile() -> bytes:
    red, green, blue, alpha = _profile_shown().split()
    numbers = Image.merge("RGBA", (green, red, blue, alpha)).convert("RGBa")
    return encoded(numbers, "HEIF", quality=92, subsampling="4:4:4", icc_profile=swapped_profile())


def _opaque() -> bytes:
    return _multiplied(_masked(painted(patches, (192, 128)), Image.new("L", (192, 128), 255)))


def _deep_shown() -> Image.Image:
    return _masked(painted(leaves, (170, 130)), soft_disc((170, 130), 0.35, 0.3))


def _deep() -> bytes:
    picture = _deep_shown().convert("RGBa")
    samples = b"".join(bytes((value, value)) for value in picture.tobytes())
    file = pillow_heif.from_bytes("RGBa;16", picture.size, samples)
    return _saved(file)


def _saved(file: pillow_heif.HeifFile) -> bytes:

    out = io.BytesIO()
    file.save(out, quality=92)
    return out.getvalue()


def _large_shown() -> Image.Image:
    size = (2600, 1700)
    return _masked(painted(rings, (130, 85)).resize(size, Image.Resampling.BICUBIC), soft_disc(size, 0.4, 0.02))


def _large() -> bytes:
    return encoded(_large_shown().convert("RGBa"), "HEIF", quality=80, enc_params={"preset": "ultrafast"})


def _straight_picture() -> Image.Image:
    return _masked(confetti((210, 140), 32), soft_disc((210, 140), 0.4, 0.3))


def _straight() -> bytes:
    return encoded(_straight_picture(), "HEIF", quality=92, subsampling="4:4:4")


def _avif_picture() -> Image.Image:
    return _masked(painted(sunset, (230, 160)), soft_disc((230, 160), 0.35, 0.35))


def _avif() -> bytes:
    return encoded(_avif_picture(), "AVIF", quality=92, subsampling="4:4:4", alpha_premultiplied=True)
