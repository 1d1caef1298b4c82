"""PNGs that tell their colours by gAMA and cHRM, and what comes before these; as Chromium shows them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PIL import Image

from tests.cases import Case
from tests.cases.colour_science import converted, srgb_light
from tests.cases.motifs import confetti, greys, leaves, painted, patches, rings, soft_disc, sunset, wheel
from tests.cases.pngs import GREY, PALETTE, RGB, RGBA, Chunk, chrm, deep, gama, iccp, png
from tests.render_fixtures import swapped_profile

KIND = "PNG with gAMA or cHRM"
SRGB_CHUNK = (b"sRGB", b"\0")


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("grey-linear", "grey, gAMA 1.0", _grey_linear, _shown(lambda: painted(greys, (240, 90)), 1.0)),
        _case(
            "palette-wide",
            "64 colours, gAMA 0.5556 and the primaries of BT.2020",
            _palette_wide,
            _shown(_few_leaves, 1.8, "bt2020"),
        ),
        _case("alpha-mac", "RGBA, gAMA 0.5556 as old Macs wrote it", _alpha_mac, _alpha_mac_shown),
        _case(
            "deep-prophoto",
            "16 bits, gAMA 0.5556 and ProPhoto's primaries, whose white is D50",
            _deep_prophoto,
            _shown(lambda: painted(patches, (192, 128)), 1.8, "prophoto"),
        ),
        _case(
            "interlaced-p3",
            "interlaced, gAMA 0.4348 and P3's primaries",
            _interlaced_p3,
            _shown(lambda: painted(sunset, (211, 139)), 2.3, "p3"),
        ),
        _case("usual-gamma", "gAMA 0.45455 alone is sRGB", _with("usual"), partial(confetti, (180, 140), 3)),
        _case("chrm-alone", "cHRM without gAMA says nothing", _with("alone"), lambda: painted(wheel, (200, 80))),
        _case("srgb-first", "sRGB counts before gAMA and cHRM", _with("srgb"), lambda: painted(rings, (160, 160))),
        _case("iccp-first", "iCCP counts before gAMA", _with("iccp"), _swapped(lambda: confetti((150, 190), 8))),
        _case(
            "iccp-damaged",
            "gAMA counts if iCCP is damaged",
            _with("damaged"),
            _shown(lambda: confetti((222, 111), 9), 1.0),
            note="profile is damaged",
        ),
        _case(
            "cicp-first",
            "cICP (Display P3) counts before gAMA",
            _with("cicp"),
            lambda: converted(painted(wheel, (222, 60)), srgb_light, "p3"),
        ),
        _case(
            "cicp-unknown",
            "gAMA counts if cICP says nothing",
            _with("unknown"),
            _shown(lambda: painted(leaves, (144, 96)), 1.0),
        ),
        _case(
            "chrm-senseless",
            "gAMA says nothing beside three primaries on a line",
            _with("line"),
            lambda: painted(sunset, (99, 77)),
        ),
        _case("after-pixels", "gAMA after the pixels says nothing", _with("after"), lambda: painted(rings, (301, 55))),
    ]


def _case(
    name: str, about: str, data: Callable[[], bytes], reference: Callable[[], Image.Image], note: str = ""
) -> Case:
    return Case(name=f"png-{name}.png", kind=KIND, about=about, data=data, reference=reference, note=note)


def _shown(picture: Callable[[], Image.Image], exponent: float, primaries: str = "bt709") -> Callable[[], Image.Image]:
    return lambda: converted(picture(), lambda value: float(value**exponent), primaries)


def _swapped(picture: Callable[[], Image.Image]) -> Callable[[], Image.Image]:
    def reference() -> Image.Image:
        red, green, blue = picture().split()
        return Image.merge("RGB", (green, red, blue))

    return reference


def _grey_linear() -> bytes:
    return png((240, 90), GREY, painted(greys, (240, 90)).convert("L").tobytes(), [gama(1.0)])


def _few_leaves() -> Image.Image:
    return painted(leaves, (160, 120)).quantize(64, dither=Image.Dither.NONE).convert("RGB")


def _palette_wide() -> bytes:
    few = painted(leaves, (160, 120)).quantize(64, dither=Image.Dither.NONE)
    palette = bytes(few.getpalette() or [])[: 3 * 64]
    return png(few.size, PALETTE, few.tobytes(), [gama(1 / 1.8), chrm("bt2020"), (b"PLTE", palette)])


def _alpha_mac() -> bytes:
    picture = painted(rings, (130, 170))
    picture.putalpha(soft_disc(picture.size))
    return png(picture.size, RGBA, picture.tobytes(), [gama(1 / 1.8)])


def _alpha_mac_shown() -> Image.Image:
    picture = converted(painted(rings, (130, 170)), lambda value: float(value**1.8), "bt709")
    picture.putalpha(soft_disc(picture.size))
    return picture


def _deep_prophoto() -> bytes:
    return png((192, 128), RGB, deep(painted(patches, (192, 128))), [gama(1 / 1.8), chrm("prophoto")], bits=16)


def _interlaced_p3() -> bytes:
    picture = painted(sunset, (211, 139))
    return png(picture.size, RGB, picture.tobytes(), [gama(1 / 2.3), chrm("p3")], interlaced=True)


def _with(which: str) -> Callable[[], bytes]:
    """A plain picture with chunks before or after its pixels."""
    pictures: dict[str, tuple[Callable[[], Image.Image], list[Chunk]]] = {
        "usual": (lambda: confetti((180, 140), 3), [gama(0.45455)]),
        "alone": (lambda: painted(wheel, (200, 80)), [chrm("prophoto")]),
        "srgb": (lambda: painted(rings, (160, 160)), [gama(1.0), chrm("bt2020"), SRGB_CHUNK]),
        "iccp": (lambda: confetti((150, 190), 8), [iccp(swapped_profile()), gama(1.0)]),
        "damaged": (lambda: confetti((222, 111), 9), [iccp(b"no profile at all" * 9), gama(1.0)]),
        "cicp": (lambda: painted(wheel, (222, 60)), [(b"cICP", bytes((12, 13, 0, 1))), gama(1.0)]),
        "unknown": (lambda: painted(leaves, (144, 96)), [(b"cICP", bytes((2, 2, 0, 1))), gama(1.0)]),
        "line": (lambda: painted(sunset, (99, 77)), [gama(1.0), (b"cHRM", bytes(32))]),
    }

    def data() -> bytes:
        if which == "after":
            picture = painted(rings, (301, 55))
            return png(picture.size, RGB, picture.tobytes(), after=[gama(1.0)])
        make, chunks = pictures[which]
        picture = make()
        return png(picture.size, RGB, picture.tobytes(), chunks)

    return data
