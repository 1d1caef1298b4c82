"""Files whose second half was never written and is zeros, as disks and downloads that end early leave them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PIL import Image

from tests.cases import Case
from tests.cases.cut import LATER, case, clear, few_dusk, grainy_greys, noisy, small_wheel, three_frames
from tests.render_fixtures import encoded

_PART = 0.55


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("jpeg-zeros", "JPEG", noisy, quality=92, subsampling=0),
        _case("png-zeros", "PNG", noisy),
        _case("gif-zeros", "GIF", few_dusk, interlace=0),
        _case("webp-zeros", "WEBP", noisy, quality=92),
        _case("webp-zeros-lossless", "WEBP", noisy, lossless=True),
        _case("heic-zeros", "HEIF", noisy, quality=90),
        _case("avif-zeros", "AVIF", clear, quality=90),
        case("jpeg-zeros-behind", "a whole picture, then a megabyte of zeros", _padded, grainy_greys),
        case("avif-zeros-later", "zeros after two frames", _later, small_wheel, LATER, animated=True),
    ]


def _case(name: str, kind: str, picture: Callable[[], Image.Image], **options: Any) -> Case:
    return case(name, "the second half is zeros", partial(_zeroed, kind, picture, options), picture, "the lower", 0.25)


def _zeroed(kind: str, picture: Callable[[], Image.Image], options: dict[str, Any]) -> bytes:
    data = encoded(picture(), kind, **options)
    kept = int(len(data) * _PART)
    return data[:kept] + bytes(len(data) - kept)


def _padded() -> bytes:
    return encoded(grainy_greys(), "JPEG", quality=92) + bytes(1 << 20)


def _later() -> bytes:
    data = three_frames("AVIF", small_wheel())
    kept = len(data) * 85 // 100
    return data[:kept] + bytes(len(data) - kept)
