"""The frame that stands for an animation, if the first one is hidden or blank, and others are damaged."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence

from PIL import Image

from tests.cases import Case
from tests.cases.gifs import frame, gif
from tests.cases.motifs import leaves, painted, rings, sunset, wheel
from tests.cases.pngs import chunk
from tests.render_fixtures import encoded

KIND = "frame of an animation"
_SIZE = (140, 100)
_NONE, _BACKGROUND = 0, 1


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("png-hidden-stamp", "a hidden default image, and a first frame in the corner", _hidden_stamp, _stamp),
        _case("png-hidden-blank", "a hidden default image, a blank frame, then one that shows", _hidden_blank, _rings),
        _case("png-blank-damaged", "a blank frame, then one whose data is damaged", _blank_damaged, _white),
        _case("png-third-shows", "two blank frames that are cleared, then one that shows", _third_shows, _sunset),
        _case("png-over", "a blank frame, and one with holes laid over it", _over, _holes),
        _case("gif-blank-damaged", "a blank frame, then one with a code that no decoder knows", _gif_damaged, _white),
        _case("webp-blank-damaged", "a blank frame, then one whose data is damaged", _webp_damaged, _white),
        _case("webp-blank-first", "a blank frame, then one that shows", _webp_blank, _sunset),
        _case("avif-blank-first", "a blank frame, then one that shows", _avif_blank, _leaves),
    ]


def _case(name: str, about: str, data: Callable[[], bytes], reference: Callable[[], Image.Image]) -> Case:
    kind = name.partition("-")[0]
    return Case(
        name=f"animated-{name}.{kind}",
        kind=KIND,
        about=about,
        data=data,
        size=_SIZE,
        reference=reference,
        animated=True,
    )


def _white() -> Image.Image:
    return Image.new("RGB", _SIZE, (255, 255, 255))


def _rings() -> Image.Image:
    return painted(rings, _SIZE)


def _sunset() -> Image.Image:
    return painted(sunset, _SIZE)


def _leaves() -> Image.Image:
    return painted(leaves, _SIZE)


def _stamp() -> Image.Image:
    canvas = Image.new("RGBA", _SIZE)
    canvas.paste(painted(wheel, (60, 40)), (70, 50))
    return canvas


def _holed() -> Image.Image:
    picture = _rings().convert("RGBA")
    picture.paste((0, 0, 0, 0), (20, 20, 80, 70))
    return picture


def _holes() -> Image.Image:
    return Image.alpha_composite(_white().convert("RGBA"), _holed())


def _packed(picture: Image.Image) -> bytes:
    pixels, stride = picture.convert("RGBA").tobytes(), picture.width * 4
    return zlib.compress(b"".join(b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride)))


Frame = tuple[Image.Image, tuple[int, int], int, int]
"""A picture, its place, what happens to it afterwards, and whether it is laid over what is there (1) or replaces it."""


def _apng(frames: Sequence[Frame], hidden: Image.Image | None = None, damaged: int = -1) -> bytes:
    """A PNG of these frames in RGBA; `hidden` is what programs show that know no animation."""
    out = chunk(b"IHDR", struct.pack(">IIBBBBB", *_SIZE, 8, 6, 0, 0, 0))
    out += chunk(b"acTL", struct.pack(">II", len(frames), 0))
    if hidden:
        out += chunk(b"IDAT", _packed(hidden))
    number = 0
    for at, (picture, place, disposal, blend) in enumerate(frames):
        control = struct.pack(">IIIIIHHBB", number, *picture.size, *place, 1, 10, disposal, blend)
        data, number = _packed(picture), number + 1
        if at == damaged:
            data = data[:2] + b"\xff" * (len(data) - 2)
        out += chunk(b"fcTL", control)
        if at or hidden:
            out += chunk(b"fdAT", struct.pack(">I", number) + data)
            number += 1
        else:
            out += chunk(b"IDAT", data)
    return b"\x89PNG\r\n\x1a\n" + out + chunk(b"IEND", b"")


def _hidden_stamp() -> bytes:
    frames = [(painted(wheel, (60, 40)), (70, 50), _NONE, 0), (_sunset(), (0, 0), _NONE, 0)]
    return _apng(frames, hidden=_leaves())


def _hidden_blank() -> bytes:
    return _apng([(_white(), (0, 0), _NONE, 0), (_rings(), (0, 0), _NONE, 0)], hidden=_sunset())


def _blank_damaged() -> bytes:
    return _apng([(_white(), (0, 0), _NONE, 0), (_rings(), (0, 0), _NONE, 0)], damaged=1)


def _third_shows() -> bytes:
    blank = (_white(), (0, 0), _BACKGROUND, 0)
    return _apng([blank, blank, (_sunset(), (0, 0), _NONE, 1)])


def _over() -> bytes:
    return _apng([(_white(), (0, 0), _NONE, 0), (_holed(), (0, 0), _NONE, 1)])


def _gif_damaged() -> bytes:
    few = [one.quantize(256, dither=Image.Dither.NONE) for one in (_white(), _rings())]
    first, second = (frame(one, (0, 0), palette=bytes(one.getpalette() or ()).ljust(768, b"\0")) for one in few)
    middle = len(second) // 2
    return gif(_SIZE, [first, second[:middle] + b"\xff" * 60 + second[middle + 60 :]])


def _webp(*pictures: Image.Image) -> bytes:
    first, *others = pictures
    return encoded(first, "WEBP", save_all=True, append_images=others, duration=90, quality=92)


def _webp_damaged() -> bytes:
    data = bytearray(_webp(_white(), _rings()))
    at = data.rindex(b"ANMF") + 8 + 16 + 8
    data[at : at + 40] = bytes(40)
    return bytes(data)


def _webp_blank() -> bytes:
    return _webp(_white(), _sunset())


def _avif_blank() -> bytes:
    return encoded(_white(), "AVIF", save_all=True, append_images=[_leaves()], duration=90, quality=92)
