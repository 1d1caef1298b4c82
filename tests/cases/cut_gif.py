"""GIFs that are cut off or damaged: what is there is shown, and a note says what is missing."""

from __future__ import annotations

from PIL import Image

from tests.cases import Case
from tests.cases.cut import (
    DETAIL,
    LATER,
    LOWER,
    NOTHING,
    case,
    dusk,
    failed,
    few,
    few_dusk,
    few_rings,
    few_sunset,
    few_wheel,
    first_part,
    small_rings,
    small_sunset,
    small_wheel,
)
from tests.cases.gifs import frame, gif
from tests.cases.motifs import leaves, painted, sunset, wheel


def cases() -> list[Case]:
    """All of them."""
    return [
        case("gif", "the first half", _gif, few_dusk, LOWER, 0.4),
        case(
            "gif-code", "a code that no decoder knows, in the middle", _gif_code, few_rings, "damaged: the lower", 0.3
        ),
        case("gif-interlaced", "cut in the last of four passes", _gif_interlaced, few_sunset, DETAIL, rough=True),
        case("gif-third-frame", "an animation cut in its third frame", _gif_third, few_wheel, LATER, animated=True),
        case("gif-no-trailer", "without its trailer", _gif_no_trailer, few_wheel, NOTHING),
        failed("gif-little", "three rows", lambda: first_part(_gif_of(few(dusk())), 0.05)),
    ]


def _gif_of(*pictures: Image.Image, interlaced: bool = False) -> bytes:
    frames = [
        frame(one, (0, 0), palette=bytes(one.getpalette() or ()).ljust(768, b"\0"), interlaced=interlaced)
        for one in pictures
    ]
    return gif(pictures[0].size, frames)


def _gif() -> bytes:
    return first_part(_gif_of(few(dusk())), 0.55)


def _gif_code() -> bytes:
    data = bytearray(_gif_of(few(small_rings())))
    middle = len(data) // 2
    data[middle : middle + 40] = b"\xff" * 40
    return bytes(data)


def _gif_interlaced() -> bytes:
    return first_part(_gif_of(few(small_sunset()), interlaced=True), 0.8)


def _gif_third() -> bytes:
    frames = [few(painted(motif, (160, 100))) for motif in (wheel, leaves, sunset)]
    return first_part(_gif_of(*frames), 0.9)


def _gif_no_trailer() -> bytes:
    return _gif_of(few(small_wheel()))[:-1]
