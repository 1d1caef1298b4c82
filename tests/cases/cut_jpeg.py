"""JPEGs that are cut off or damaged: what is there is shown, and a note says what is missing."""

from __future__ import annotations

from typing import Any

from PIL import Image

from tests.cases import Case
from tests.cases.cut import (
    DETAIL,
    LOWER,
    NOTHING,
    case,
    dusk,
    dusk_head_down,
    dusk_turned,
    failed,
    first_part,
    grainy_greys,
    large_sunset,
    noisy,
    small_rings,
    small_sunset,
)
from tests.cases.motifs import greys, painted
from tests.render_fixtures import encoded

DAMAGED = "damaged: the lower"

_FULL_COLOR = {mode: {"subsampling": 0} for mode in ("RGB", "CMYK")}


def cases() -> list[Case]:
    """All of them."""
    return [
        case(
            "jpeg-turned",
            "lying on its side: the lower rows are at the left",
            _jpeg_turned,
            dusk_turned,
            "left",
            0.6,
            1,
        ),
        case("jpeg-head-down", "upside down: they are above", _jpeg_down, dusk_head_down, "upper", 0.6, 2),
        case("jpeg-end-marker", "an end marker in the middle of the data", _jpeg_ended, dusk, LOWER, 0.5),
        case("jpeg-zeros", "zeros in the middle of the data", _jpeg_zeros, dusk, DAMAGED, 0.5),
        case("jpeg-zeros-small-tables", "the same with tables of its own", _jpeg_zeros_optimized, dusk, DAMAGED, 0.5),
        case("jpeg-zeros-grey", "the same in shades of grey", _jpeg_zeros_grey, grainy_greys, DAMAGED, 0.5),
        case("jpeg-grey", "shades of grey", _jpeg_grey, grainy_greys, LOWER, 0.5),
        case("jpeg-cmyk", "four inks, larger than the view", _jpeg_cmyk, large_sunset, LOWER, 0.5),
        case("jpeg-last-byte", "cut behind a byte that begins a marker", _jpeg_last, small_rings, LOWER, 0.4),
        case("jpeg-first-pass", "progressive, cut in its first pass", _jpeg_first, noisy, LOWER, 0.3),
        case("jpeg-second-pass", "progressive, cut in a later pass", _jpeg_second, small_rings, DETAIL, rough=True),
        case(
            "jpeg-passes-missing",
            "whole passes are missing, with an end marker",
            _jpeg_passes,
            small_sunset,
            DETAIL,
            rough=True,
        ),
        case("jpeg-no-end", "grey, without its end marker", _jpeg_no_end, lambda: painted(greys, (160, 200)), NOTHING),
        failed("jpeg-little", "a row of sixteen", lambda: first_part(_jpeg(noisy()), 0.12)),
    ]


def _jpeg(picture: Image.Image, **options: Any) -> bytes:
    return encoded(picture, "JPEG", quality=92, **options, **_FULL_COLOR.get(picture.mode, {}))


def _oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return first_part(_jpeg(dusk(), exif=exif), 0.7)


def _jpeg_turned() -> bytes:
    return _oriented(6)


def _jpeg_down() -> bytes:
    return _oriented(3)


def _jpeg_ended() -> bytes:
    return first_part(_jpeg(dusk()), 0.65) + b"\xff\xd9"


def _with_zeros(data: bytes) -> bytes:
    at = int(len(data) * 0.65)
    return data[:at] + bytes(2560) + data[at + 2560 :]


def _jpeg_zeros() -> bytes:
    return _with_zeros(_jpeg(dusk()))


def _jpeg_zeros_optimized() -> bytes:
    return _with_zeros(_jpeg(dusk(), optimize=True))


def _jpeg_zeros_grey() -> bytes:
    return _with_zeros(_jpeg(grainy_greys().convert("L")))


def _jpeg_grey() -> bytes:
    return first_part(_jpeg(grainy_greys().convert("L")), 0.65)


def _jpeg_cmyk() -> bytes:
    return first_part(_jpeg(large_sunset().convert("CMYK")), 0.7)


def _jpeg_last() -> bytes:
    data = _jpeg(small_rings())
    return data[: data.index(b"\xff\0", len(data) // 2) + 1]


def _jpeg_first() -> bytes:
    data = _jpeg(noisy(), progressive=True)
    first = data.index(b"\xff\xda")
    return data[: first + (data.index(b"\xff\xda", first + 2) - first) * 6 // 10]


def _passes(data: bytes) -> list[int]:
    found = [data.index(b"\xff\xda")]
    while (at := data.find(b"\xff\xda", found[-1] + 2)) >= 0:
        found.append(at)
    return found


def _jpeg_second() -> bytes:
    data = _jpeg(small_rings(), progressive=True)
    starts = _passes(data)
    return data[: (starts[5] + starts[6]) // 2]


def _jpeg_passes() -> bytes:
    data = _jpeg(small_sunset(), progressive=True)
    # without the tables of the pass that follows
    return data[: data.rindex(b"\xff\xc4", 0, _passes(data)[-2])] + b"\xff\xd9"


def _jpeg_no_end() -> bytes:
    return _jpeg(painted(greys, (160, 200)).convert("L"))[:-2]
