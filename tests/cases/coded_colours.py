"""AVIFs whose container says nothing of their colours: what the coded picture says itself counts, as in Chromium."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from tests.cases import Case
from tests.cases.colour_science import converted, srgb_light
from tests.cases.heif import heif, items_of
from tests.cases.motifs import confetti, leaves, painted, rings, sunset, wheel
from tests.render_fixtures import encoded

KIND = "colours in AV1"
_SRGB, _P3, _BT2020 = 1, 12, 9
_LINEAR, _SRGB_CURVE = 8, 13
_WRITTEN = bytes((1, 13, 6))
Show = Callable[[], Image.Image]


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("p3", "Display P3", _plain(_wheel, _P3), lambda: converted(_wheel(), srgb_light, "p3")),
        _case("bt2020", "the primaries of BT.2020", _plain(_leaves, _BT2020), _leaves_shown),
        _case(
            "linear", "light itself", _plain(_rings, _SRGB, _LINEAR), lambda: converted(_rings(), lambda v: v, "bt709")
        ),
        _case("srgb", "sRGB", _plain(_confetti, _SRGB), _confetti),
        _case("container", "P3, but the container says sRGB", _contradicted, _sunset),
    ]


def _case(name: str, about: str, data: Callable[[], bytes], reference: Show) -> Case:
    size = reference().size
    return Case(name=f"coded-{name}.avif", kind=KIND, about=about, data=data, size=size, reference=reference)


def _wheel() -> Image.Image:
    return painted(wheel, (180, 90))


def _leaves() -> Image.Image:
    return painted(leaves, (144, 96))


def _leaves_shown() -> Image.Image:
    return converted(_leaves(), srgb_light, "bt2020")


def _rings() -> Image.Image:
    return painted(rings, (160, 100))


def _confetti() -> Image.Image:
    return confetti((150, 110), 4)


def _sunset() -> Image.Image:
    return painted(sunset, (200, 80))


def _file(picture: Image.Image, primaries: int, transfer: int, *, silent: bool) -> bytes:
    """An AVIF whose sequence header has these code points, with or without its `colr` box."""
    (item,) = items_of(encoded(picture, "AVIF", quality=97, subsampling="4:4:4"))
    item.data = _patched(item.data, bytes((primaries, transfer, 6)))
    if silent:
        item.properties = [one for one in item.properties if one[0] != b"colr"]
    return heif([item], brands=(b"avif", b"mif1", b"miaf"))


def _plain(picture: Show, primaries: int, transfer: int = _SRGB_CURVE) -> Callable[[], bytes]:
    return lambda: _file(picture(), primaries, transfer, silent=True)


def _contradicted() -> bytes:
    return _file(_sunset(), _P3, _SRGB_CURVE, silent=False)


def _patched(data: bytes, points: bytes) -> bytes:
    """The data with the code points that its encoder wrote, which begin at any bit, exchanged for others."""
    number, bits = int.from_bytes(data), 8 * len(data)
    for shift in range(bits - 24, 0, -1):
        if number >> shift & 0xFFFFFF == int.from_bytes(_WRITTEN):
            return (number ^ (int.from_bytes(_WRITTEN) ^ int.from_bytes(points)) << shift).to_bytes(len(data))
    raise AssertionError("the encoder wrote no code points")
