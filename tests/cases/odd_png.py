"""PNGs with a chunk that is not as it should be, which browsers show all the same, and in one way."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image

from tests.cases import Case
from tests.cases.motifs import confetti, leaves, painted, patches, rings, sunset, wheel
from tests.cases.pngs import PALETTE, RGB, Chunk, chunk, iccp, png
from tests.render_fixtures import swapped_profile

KIND = "PNG with an odd chunk"


def cases() -> list[Case]:
    """All of them."""
    ignored = {"note": "The colour profile is damaged and was ignored."}
    return [
        _case("palette-short", "pixels beyond the palette look like its last colour", _short, _short_shown),
        _case("clear-twice", "of two tRNS the first counts", _twice, _twice_shown),
        _case("clear-early", "a tRNS before the palette says nothing", _early, _few_wheel),
        _case("many-pieces", "a chunk for each byte of the pixels", _pieces, _patches),
        _case("profile-packed", "a profile that is packed in an unknown way", _method, _confetti, **ignored),
        _case("profile-nameless", "a profile without a name", _nameless, _sunset, **ignored),
        _case("profile-cut", "a profile that is cut off", _cut, _rings, **ignored),
        _case("limited", "a cICP of samples that do not use their full range says nothing", _limited, _wheel),
        Case(
            name="odd-no-palette.png",
            kind=KIND,
            about="colours by number, without a palette",
            data=lambda: _numbered(_few(), []),
            ends=("failed",),
            words=("damaged",),
        ),
    ]


def _case(name: str, about: str, data: Callable[[], bytes], reference: Callable[[], Image.Image], **more: Any) -> Case:
    size = reference().size
    return Case(name=f"odd-{name}.png", kind=KIND, about=about, data=data, size=size, reference=reference, **more)


def _few() -> Image.Image:
    return painted(leaves, (120, 90)).quantize(16, dither=Image.Dither.NONE)


def _colours(picture: Image.Image) -> bytes:
    return bytes(picture.getpalette() or ())[:48]


def _numbered(picture: Image.Image, before: Sequence[Chunk]) -> bytes:
    return png(picture.size, PALETTE, picture.tobytes(), before)


def _short() -> bytes:
    return _numbered(_few(), [(b"PLTE", _colours(_few())[:30])])


def _short_shown() -> Image.Image:
    return _few().point(lambda number: min(number, 9)).convert("RGB")


def _twice() -> bytes:
    few = painted(sunset, (140, 70)).quantize(16, dither=Image.Dither.NONE)
    return _numbered(few, [(b"PLTE", _colours(few)), (b"tRNS", bytes(5)), (b"tRNS", b"\xff" * 5 + bytes(5))])


def _twice_shown() -> Image.Image:
    few = painted(sunset, (140, 70)).quantize(16, dither=Image.Dither.NONE)
    shown = few.convert("RGB")
    shown.putalpha(Image.frombytes("L", few.size, bytes(0 if number < 5 else 255 for number in few.tobytes())))
    return shown


def _early() -> bytes:
    few = painted(wheel, (100, 100)).quantize(16, dither=Image.Dither.NONE)
    return _numbered(few, [(b"tRNS", bytes(9)), (b"PLTE", _colours(few))])


def _few_wheel() -> Image.Image:
    return painted(wheel, (100, 100)).quantize(16, dither=Image.Dither.NONE).convert("RGB")


def _patches() -> Image.Image:
    return painted(patches, (192, 128))


def _pieces() -> bytes:
    picture = _patches()
    width, height = picture.size
    pixels = picture.tobytes()
    rows = b"".join(b"\0" + pixels[at : at + 3 * width] for at in range(0, len(pixels), 3 * width))
    packed = zlib.compress(rows, 1)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, RGB, 0, 0, 0))
    pieces = b"".join(chunk(b"IDAT", packed[at : at + 1]) for at in range(len(packed)))
    return b"\x89PNG\r\n\x1a\n" + head + pieces + chunk(b"IEND", b"")


def _confetti() -> Image.Image:
    return confetti((170, 120), 6)


def _sunset() -> Image.Image:
    return painted(sunset, (160, 110))


def _rings() -> Image.Image:
    return painted(rings, (130, 130))


def _wheel() -> Image.Image:
    return painted(wheel, (210, 90))


def _with(picture: Image.Image, *before: Chunk) -> bytes:
    return png(picture.size, RGB, picture.tobytes(), before)


def _method() -> bytes:
    return _with(_confetti(), (b"iCCP", b"profile\0\1" + zlib.compress(swapped_profile())))


def _nameless() -> bytes:
    return _with(_sunset(), (b"iCCP", b"\0\0" + zlib.compress(swapped_profile())))


def _cut() -> bytes:
    return _with(_rings(), iccp(swapped_profile()[:-20]))


def _limited() -> bytes:
    return _with(_wheel(), (b"cICP", bytes((9, 16, 0, 0))))
