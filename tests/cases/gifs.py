"""GIFs with an area that no frame covers: it is transparent, whatever the file says of its background."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache

from PIL import Image

from tests.cases import Case
from tests.cases.motifs import leaves, painted, rings, soft_disc, sunset, wheel

KIND = "GIF area that no frame covers"
KEEP, CLEAR, RESTORE = 1, 2, 3
# Not the first colour of a palette, as a background mostly is.
_BACKGROUND = 3
# Of so many pixels the codes end with a byte.
_WHOLE = 8 * 250
_BITS = [f"{code:09b}" for code in range(258)]


def gif(size: tuple[int, int], frames: Sequence[bytes], palette: bytes = b"", version: bytes = b"89a") -> bytes:
    """A file of frames made by `frame`; `palette` is for those that have none of their own."""
    flags = 0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0
    screen = struct.pack("<HHBBB", *size, 0x70 | flags, _BACKGROUND, 0)
    return b"GIF" + version + screen + palette + b"".join(frames) + b";"


def frame(
    picture: Image.Image,
    place: tuple[int, int],
    *,
    palette: bytes = b"",
    disposal: int | None = None,
    transparent: int | None = None,
    interlaced: bool = False,
) -> bytes:
    """One frame of a picture of mode P, at a place of the screen."""
    width, height = picture.size
    data = picture.tobytes()
    rows = [data[at : at + width] for at in range(0, width * height, width)]
    if interlaced:
        rows = rows[::8] + rows[4::8] + rows[2::4] + rows[1::2]
    control = b""
    if disposal is not None or transparent is not None:
        flags = (disposal or 0) << 2 | (transparent is not None)
        control = b"\x21\xf9\x04" + bytes((flags, 10, 0, transparent or 0, 0))
    flags = 0x80 | (len(palette) // 3).bit_length() - 2 if palette else 0
    described = b"\x2c" + struct.pack("<HHHHB", *place, width, height, flags | interlaced << 6)
    return control + described + palette + _packed(b"".join(rows))


def _packed(pixels: bytes) -> bytes:
    """LZW that never makes use of what it has seen: every code has nine bits."""
    end = len(pixels) // _WHOLE * _WHOLE
    data = b"".join(_nine_bits(pixels[at : at + _WHOLE]) for at in range(0, end, _WHOLE))
    data += _nine_bits(pixels[end:], ended=True)
    blocks = [data[at : at + 255] for at in range(0, len(data), 255)]
    return b"\x08" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


@lru_cache(maxsize=16)
def _nine_bits(pixels: bytes, *, ended: bool = False) -> bytes:
    """The codes of some pixels, with one that clears the table before every 250."""
    codes: list[int] = []
    for at in range(0, len(pixels), 250):
        codes += [256, *pixels[at : at + 250]]
    codes += [257] * ended
    bits = "".join(map(_BITS.__getitem__, reversed(codes)))
    return int(bits, 2).to_bytes(-(-len(bits) // 8), "little")


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("own-palette", "one frame at the right edge, with a palette of its own", _own_palette, (140, 90)),
        _case("interlaced-corner", "one interlaced frame in the lower corner, GIF87a", _interlaced_corner, (120, 120)),
        _case(
            "blank-then-offset",
            "a frame of one colour, then another elsewhere",
            _blank_then_offset,
            (150, 100),
            animated=True,
        ),
        _case("cleared", "a blank frame that is cleared, then a smaller one", _cleared, (100, 140), animated=True),
        _case("restored", "a blank frame that is taken back, then a smaller one", _restored, (160, 80), animated=True),
        _case(
            "cut",
            "a second frame that goes beyond the screen, beside an area without one",
            _cut,
            (130, 75),
            animated=True,
        ),
        _case("holes", "one frame with holes, in the middle of a screen that is scaled down", _holes, (1800, 1200)),
        _case("stamp", "an animation whose first frame is a stamp in the corner", _stamp, (90, 90), animated=True),
    ]


def _case(name: str, about: str, make: Callable[[], _Made], size: tuple[int, int], animated: bool = False) -> Case:
    return Case(
        name=f"gif-{name}.gif",
        kind=KIND,
        about=about,
        data=lambda: make()[0],
        reference=lambda: make()[1],
        size=size,
        animated=animated,
        notes=False,
    )


_Made = tuple[bytes, Image.Image]


def _few(picture: Image.Image, colours: int = 256) -> tuple[Image.Image, bytes]:
    """Few of its colours, and their palette of so many entries, the last six of which it does not use."""
    few = picture.quantize(colours - 6, dither=Image.Dither.NONE)
    return few, bytes(few.getpalette() or []).ljust(768, b"\0")[: 3 * colours]


def _on(size: tuple[int, int], *pasted: tuple[Image.Image, tuple[int, int]]) -> Image.Image:
    canvas = Image.new("RGBA", size)
    for picture, place in pasted:
        canvas.paste(picture.convert("RGBA"), place)
    return canvas


def _own_palette() -> _Made:
    few, palette = _few(painted(sunset, (60, 90)), 128)
    shared = bytes((200, 30, 30)) * 4
    return gif((140, 90), [frame(few, (80, 0), palette=palette)], shared), _on((140, 90), (few, (80, 0)))


def _interlaced_corner() -> _Made:
    few, palette = _few(painted(rings, (70, 53)))
    data = gif((120, 120), [frame(few, (50, 67), interlaced=True)], palette, b"87a")
    return data, _on((120, 120), (few, (50, 67)))


def _blank_then_offset() -> _Made:
    blank = Image.new("P", (150, 100), 0)
    few, palette = _few(painted(wheel, (90, 50)))
    empty = frame(blank, (0, 0), transparent=0, disposal=KEEP)
    return gif((150, 100), [empty, frame(few, (30, 40), disposal=KEEP)], palette), _on((150, 100), (few, (30, 40)))


def _cleared() -> _Made:
    few, palette = _few(painted(leaves, (50, 60)))
    blank = frame(Image.new("P", (100, 140), 9), (0, 0), disposal=CLEAR)
    return gif((100, 140), [blank, frame(few, (50, 0), disposal=KEEP)], palette), _on((100, 140), (few, (50, 0)))


def _restored() -> _Made:
    few, palette = _few(painted(sunset, (70, 70)))
    blank = frame(Image.new("P", (160, 80), 5), (0, 0), disposal=RESTORE)
    return gif((160, 80), [blank, frame(few, (5, 5), disposal=KEEP)], palette), _on((160, 80), (few, (5, 5)))


def _cut() -> _Made:
    """A first frame would enlarge the screen: so this is the second, after one without pixels."""
    few, palette = _few(painted(wheel, (130, 150)))
    nothing = frame(Image.new("P", (1, 1), 0), (0, 0), transparent=0, disposal=KEEP)
    return gif((130, 75), [nothing, frame(few, (40, 0), disposal=KEEP)], palette), _on((130, 75), (few, (40, 0)))


def _holes() -> _Made:
    few, palette = _few(painted(rings, (80, 60)), 128)
    large = few.resize((1200, 900), Image.Resampling.NEAREST)
    hole = soft_disc(large.size, 0.3, 0).point(lambda value: 255 if value > 127 else 0)
    large.paste(127, mask=hole)
    shown = large.convert("RGBA")
    shown.putalpha(hole.point(lambda value: 255 - value))
    data = gif((1800, 1200), [frame(large, (300, 150), transparent=127)], palette)
    return data, _on((1800, 1200), (shown, (300, 150)))


def _stamp() -> _Made:
    few, palette = _few(painted(leaves, (30, 30)))
    second = frame(few.rotate(90), (60, 60), disposal=KEEP)
    return gif((90, 90), [frame(few, (0, 0), disposal=KEEP), second], palette), _on((90, 90), (few, (0, 0)))
