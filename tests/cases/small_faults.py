"""Faults that cost no pixel: missing ends, wrong checksums, boxes that are none, frames without pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from PIL import Image

from tests.cases import Case
from tests.cases.gifs import frame, gif
from tests.cases.motifs import confetti, greys, leaves, painted, patches, rings, sunset, wheel
from tests.cases.pngs import chunk
from tests.render_fixtures import encoded

KIND = "fault that costs no pixel"
_NOTED = {"note": "No pixel is missing"}
_END = b"\xff\xd9"
Show = Callable[[], Image.Image]


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("end-progressive.jpg", "progressive, without its end marker", _progressive, _wheel, **_NOTED),
        _case("end-restart.jpg", "restart markers, and no end marker", _restart, _leaves, **_NOTED),
        _case("end-inks.jpg", "four inks, without an end marker", _inks, _inks_shown, **_NOTED),
        _case("end-half.jpg", "half an end marker", _half_end, _sunset, **_NOTED),
        _case("end-late.jpg", "zeros between the last pixels and the end marker", _late_end, _rings),
        _case("sum-end.png", "a wrong checksum of the last chunk", _sum_end, _confetti),
        _case("sum-time.png", "a wrong checksum behind the pixels", _sum_time, _leaves, **_NOTED),
        _case("sum-gamma.png", "a gAMA with a wrong checksum says nothing", _sum_gamma, _patches, **_NOTED),
        _case("box-short.heic", "a box behind the others that is shorter than its head", _box_short, _sunset),
        _case("box-video.heic", "a video behind the picture, as phones write it", _box_video, _wheel),
        _case("box-picture.avif", "a JPEG behind the last box", _box_picture, _rings),
        _case("frame-flat.gif", "a frame without height before the picture", _frame_flat, _few_leaves, animated=True),
        _case("frame-empty-second.gif", "a frame without pixels behind the picture", _frame_second, _few_leaves),
    ]


def _case(name: str, about: str, data: Callable[[], bytes], reference: Show, **more: Any) -> Case:
    size = reference().size
    return Case(name=f"fault-{name}", kind=KIND, about=about, data=data, size=size, reference=reference, **more)


def _wheel() -> Image.Image:
    return painted(wheel, (170, 110))


def _leaves() -> Image.Image:
    return painted(leaves, (130, 100))


def _sunset() -> Image.Image:
    return painted(sunset, (190, 120))


def _rings() -> Image.Image:
    return painted(rings, (150, 110))


def _confetti() -> Image.Image:
    return confetti((160, 120), 7)


def _patches() -> Image.Image:
    return painted(patches, (168, 112))


def _jpeg(picture: Image.Image, **options: Any) -> bytes:
    return encoded(picture, "JPEG", quality=92, **options).removesuffix(_END)


def _progressive() -> bytes:
    return _jpeg(_wheel(), progressive=True)


def _restart() -> bytes:
    return _jpeg(_leaves(), restart_marker_blocks=3, subsampling=0)


def _inks_shown() -> Image.Image:
    return painted(greys, (140, 100))


def _inks() -> bytes:
    return _jpeg(_inks_shown().convert("CMYK"))


def _half_end() -> bytes:
    return _jpeg(_sunset()) + _END[:1]


def _late_end() -> bytes:
    return _jpeg(_rings()) + bytes(300) + _END


def _damaged(name: bytes, data: bytes) -> bytes:
    return chunk(name, data)[:-4] + b"oops"


def _sum_end() -> bytes:
    return encoded(_confetti(), "PNG")[:-4] + b"oops"


def _sum_time() -> bytes:
    data = encoded(_leaves(), "PNG")
    return data[:-12] + _damaged(b"tIME", bytes((7, 230, 11, 27, 3, 0, 0))) + data[-12:]


def _sum_gamma() -> bytes:
    data = encoded(_patches(), "PNG")
    return data[:33] + _damaged(b"gAMA", struct.pack(">I", 100_000)) + data[33:]


def _box_short() -> bytes:
    return encoded(_sunset(), "HEIF", quality=90) + struct.pack(">I", 5) + b"junk" + bytes(40)


def _box_video() -> bytes:
    film = struct.pack(">I", 24) + b"ftypmp42" + bytes(12) + bytes(range(256)) * 8
    return encoded(_wheel(), "HEIF", quality=90) + struct.pack(">I", 8 + len(film)) + b"mpvd" + film


def _box_picture() -> bytes:
    return encoded(_rings(), "AVIF", quality=90) + encoded(_wheel(), "JPEG")


def _few() -> Image.Image:
    return painted(leaves, (90, 80)).quantize(256, dither=Image.Dither.NONE)


def _few_leaves() -> Image.Image:
    return _few().convert("RGB")


def _frames(*frames: bytes) -> bytes:
    return gif(_few().size, frames, bytes(_few().getpalette() or ()).ljust(768, b"\0"))


def _without_pixels(width: int, height: int) -> bytes:
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x08\x01\x00\x00"


def _frame_flat() -> bytes:
    return _frames(_without_pixels(90, 0), frame(_few(), (0, 0)))


def _frame_second() -> bytes:
    return _frames(frame(_few(), (0, 0)), _without_pixels(0, 0))
