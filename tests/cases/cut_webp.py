"""WebPs that are cut off or damaged: what is there is shown, and a note says what is missing."""

from __future__ import annotations

from tests.cases import Case
from tests.cases.cut import (
    LATER,
    LOWER,
    case,
    clear,
    failed,
    first_part,
    noisy,
    small_wheel,
    three_frames,
)
from tests.render_fixtures import encoded


def cases() -> list[Case]:
    """All of them."""
    return [
        case("webp", "lossy", _webp, noisy, LOWER, 0.4),
        case("webp-lossless", "lossless", _webp_lossless, noisy, LOWER, 0.4),
        case("webp-alpha", "lossy, with transparency", _webp_alpha, clear, LOWER, 0.3),
        case("webp-first-frame", "an animation, in its first frame", _webp_first, noisy, LOWER, 0.3),
        case("webp-third-frame", "an animation cut in its third frame", _webp_third, small_wheel, LATER, animated=True),
        failed("webp-little", "nothing but its first part", lambda: first_part(encoded(noisy(), "WEBP"), 0.05)),
    ]


def _webp() -> bytes:
    return first_part(encoded(noisy(), "WEBP", quality=92), 0.65)


def _webp_lossless() -> bytes:
    return first_part(encoded(noisy(), "WEBP", lossless=True), 0.6)


def _webp_alpha() -> bytes:
    return first_part(encoded(clear(), "WEBP", quality=92), 0.75)


def _webp_first() -> bytes:
    data = three_frames("WEBP", noisy())
    at = data.index(b"ANMF")
    return data[: at + int.from_bytes(data[at + 4 : at + 8], "little") * 6 // 10]


def _webp_third() -> bytes:
    return first_part(three_frames("WEBP", small_wheel()), 0.95)
