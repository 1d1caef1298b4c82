"""PNGs in which one colour is transparent (tRNS): it counts in the depth of the file, to the last bit."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image

from tests.cases import Case
from tests.cases.motifs import confetti, leaves, painted, soft_disc, sunset
from tests.cases.pngs import GREY, RGB, Chunk, deep, gama, png

KIND = "16-bit tRNS"
Deep = tuple[int, int, int]


def cases() -> list[Case]:
    """All of them."""
    return [
        _case(
            "interlaced",
            "interlaced; the rim of a disc is the clear colour but for one bit",
            _interlaced,
            _interlaced_shown,
        ),
        _case("large", "a picture that is scaled down, its lower third clear", _large, _large_shown),
        _case("never", "all high bytes are the clear colour's, no low ones are", _never, _never_shown),
        _case("high-bytes", "two colours that differ in the high byte of blue alone", _high_bytes, _high_bytes_shown),
        _case("grey", "grey, of which one of 65 536 steps is clear", _grey, _grey_shown),
        _case("linear", "with gAMA 1.0 beside it", _linear, _linear_shown),
        _case("eight-bits", "8 bits, and a clear colour whose unused high bytes are not zero", _eight, _eight_shown),
    ]


def _case(name: str, about: str, data: Callable[[], bytes], reference: Callable[[], Image.Image]) -> Case:
    return Case(name=f"png-trns-{name}.png", kind=KIND, about=about, data=data, reference=reference, notes=False)


def _clear(*samples: int) -> Chunk:
    return b"tRNS", struct.pack(f">{len(samples)}H", *samples)


def _with_clear(colours: Image.Image, clear: Image.Image) -> Image.Image:
    """The colours, transparent where `clear` (mode L) is not 0."""
    picture = colours.copy()
    picture.putalpha(clear.point(lambda value: 0 if value else 255))
    return picture


def _merged(colours: Image.Image, where: dict[Deep, Image.Image]) -> bytes:
    """The colours at 16 bits, and others of 16 bits where the masks say so."""
    data = bytearray(deep(colours))
    for color, mask in where.items():
        sample = struct.pack(">3H", *color)
        for place, value in enumerate(mask.tobytes()):
            if value:
                data[6 * place : 6 * place + 6] = sample
    return bytes(data)


def _disc(size: tuple[int, int], radius: float) -> Image.Image:
    return soft_disc(size, radius, 0).point(lambda value: 255 if value > 127 else 0)


def _interlaced() -> bytes:
    size, clear = (150, 110), (0x80A0, 0x4060, 0x2030)
    almost = (0x80A0, 0x4061, 0x2030)
    pixels = _merged(painted(sunset, size), {almost: _disc(size, 0.45), clear: _disc(size, 0.3)})
    return png(size, RGB, pixels, [_clear(*clear)], bits=16, interlaced=True)


def _interlaced_shown() -> Image.Image:
    size = (150, 110)
    picture = painted(sunset, size)
    picture.paste((0x80, 0x40, 0x20), mask=_disc(size, 0.45))
    return _with_clear(picture, _disc(size, 0.3))


def _lower_third(size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size)
    mask.paste(255, (0, size[1] * 2 // 3, *size))
    return mask


def _large() -> bytes:
    size, clear = (2400, 1500), (1, 2, 3)
    data = bytearray(deep(painted(leaves, (240, 150)).resize(size, Image.Resampling.NEAREST)))
    start = 6 * size[0] * (size[1] * 2 // 3)
    data[start:] = struct.pack(">3H", *clear) * ((len(data) - start) // 6)
    return png(size, RGB, bytes(data), [_clear(*clear)], bits=16)


def _large_shown() -> Image.Image:
    size = (2400, 1500)
    return _with_clear(painted(leaves, (240, 150)).resize(size, Image.Resampling.NEAREST), _lower_third(size))


def _never() -> bytes:
    pixels = b"".join(struct.pack(">3H", 0x3300 + n % 255, 0x9900 + n % 253, 0x6600 + n % 251) for n in range(90 * 60))
    return png((90, 60), RGB, pixels, [_clear(0x33FF, 0x99FF, 0x66FF)], bits=16)


def _never_shown() -> Image.Image:
    return Image.new("RGB", (90, 60), (0x33, 0x99, 0x66))


def _high_bytes() -> bytes:
    row = struct.pack(">3H", 0x1234, 0x5678, 0x9ABC) * 40 + struct.pack(">3H", 0x1234, 0x5678, 0x9BBC) * 60
    return png((100, 30), RGB, row * 30, [_clear(0x1234, 0x5678, 0x9ABC)], bits=16)


def _high_bytes_shown() -> Image.Image:
    picture = Image.new("RGBA", (100, 30), (0x12, 0x56, 0x9B, 255))
    picture.paste((0x12, 0x56, 0x9A, 0), (0, 0, 40, 30))
    return picture


def _grey() -> bytes:
    rows = b"".join(struct.pack(">H", 0x7F00 + (y >= 50)) * 120 for y in range(100))
    return png((120, 100), GREY, rows, [_clear(0x7F01)], bits=16)


def _grey_shown() -> Image.Image:
    picture = Image.new("RGBA", (120, 100), (0x7F, 0x7F, 0x7F, 255))
    picture.paste((0, 0, 0, 0), (0, 50, 120, 100))
    return picture


def _linear() -> bytes:
    clear = (0x4000, 0x4000, 0x4001)
    row = struct.pack(">3H", 0x4000, 0x4000, 0x4000) * 33 + struct.pack(">3H", *clear) * 33
    return png((66, 44), RGB, row * 44, [gama(1.0), _clear(*clear)], bits=16)


def _linear_shown() -> Image.Image:
    picture = Image.new("RGBA", (66, 44), (137, 137, 137, 255))
    picture.paste((0, 0, 0, 0), (33, 0, 66, 44))
    return picture


def _eight() -> bytes:
    picture = confetti((140, 100), 21)
    picture.paste((9, 8, 7), (0, 0, 70, 50))
    return png(picture.size, RGB, picture.tobytes(), [_clear(0x0109, 0xFF08, 0x8007)])


def _eight_shown() -> Image.Image:
    picture = confetti((140, 100), 21).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 70, 50))
    return picture
