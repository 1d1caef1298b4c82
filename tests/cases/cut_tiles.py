"""HEICs and AVIFs made of tiles, of which some are cut off or damaged."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from random import Random
from typing import Any

from PIL import Image

from tests.cases import Case
from tests.cases.cut import LOWER, case, failed, first_part, grainy
from tests.cases.heif import Box, Item, heif, items_of
from tests.cases.motifs import Motif, painted, rings, sunset, wheel
from tests.render_fixtures import encoded

_KINDS = {"heic": "HEIF", "avif": "AVIF"}
_BRANDS = {"heic": (b"heic", b"mif1", b"miaf"), "avif": (b"avif", b"mif1", b"miaf")}
_SIDE = 256
_ON_ITS_SIDE, _MIRRORED = (b"irot", b"\3"), (b"imir", b"\1")
_MIDDLE = (b"clap", struct.pack(">8I", 700, 1, 500, 1, 0, 1, 0, 1))
_RIGHT = "cut off: the right 50 % are missing"
_TALL, _BROAD, _SQUARE = (256, 512), (512, 256), (512, 512)


def cases() -> list[Case]:
    """All of them."""
    return [*_of_both("heic"), *_of_both("avif"), *_of_one()]


def _of_both(kind: str) -> list[Case]:
    empty, zeros = partial(_made, kind, _TALL, empty=1), partial(_made, kind, _SQUARE, zeros=2)
    turned, fewer = partial(_cut, kind, 0.6, _ON_ITS_SIDE), partial(_fewer, kind)
    return [
        _case(kind, "second", "two, the second is not there", partial(_first_tile, kind, _TALL), _tall, LOWER, 0.5),
        _case(kind, "right", "two beside each other", partial(_first_tile, kind, _BROAD), _broad, _RIGHT, 0.5, 3),
        _case(kind, "empty", "the second has no data", empty, _tall, "damaged: the lower", 0.5),
        _case(kind, "zeros", "the third of four is zeros", zeros, _square, "damaged: 25 %", 0.5),
        _case(kind, "fewer", "the file has three of four", fewer, _square, "damaged: 25 %", 0.5),
        _case(kind, "turned", "on its side by irot", turned, _turned, "the left", 0.3, 1),
        failed(f"{kind}-tiles-little", "the first of twelve", partial(_cut, kind, 0.1)),
    ]


def _of_one() -> list[Case]:
    noise = partial(_made, "avif", _BROAD, noise=1)
    return [
        _case("avif", "cut", "four by three", partial(_cut, "avif", 0.6), _wide, LOWER, 0.3),
        _case("heic", "mirrored", "mirrored by imir", partial(_cut, "heic", 0.6, _MIRRORED), _flipped, LOWER, 0.3),
        _case("heic", "cropped", "a crop out of the middle", partial(_cut, "heic", 0.7, _MIDDLE), _cropped, LOWER, 0.3),
        _case("avif", "noise", "noise in the last of two", noise, _broad, "damaged: the right 50 %", 0.5, 3),
    ]


def _case(kind: str, name: str, *rest: Any) -> Case:
    return case(f"{kind}-tiles-{name}", *rest)


def _enlarged(motif: Motif, size: tuple[int, int]) -> Image.Image:
    return painted(motif, (size[0] // 4, size[1] // 4)).resize(size)


def _tall() -> Image.Image:
    return grainy(_enlarged(rings, _TALL), 5)


def _broad() -> Image.Image:
    return grainy(_enlarged(wheel, _BROAD), 6)


def _square() -> Image.Image:
    return grainy(_enlarged(sunset, _SQUARE), 7)


def _wide() -> Image.Image:
    return grainy(painted(wheel, (256, 192)).resize((1024, 768)), 9)


def _turned() -> Image.Image:
    return _wide().transpose(Image.Transpose.ROTATE_270)


def _flipped() -> Image.Image:
    return _wide().transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _cropped() -> Image.Image:
    return _wide().crop((162, 134, 862, 634))


@cache
def _wide_tiles(kind: str) -> tuple[Item, ...]:
    return tuple(_tiles(kind, _wide()))


def _tiles(kind: str, picture: Image.Image) -> list[Item]:
    found = []
    for top in range(0, picture.height, _SIDE):
        for left in range(0, picture.width, _SIDE):
            tile = picture.crop((left, top, left + _SIDE, top + _SIDE))
            found.append(replace(items_of(encoded(tile, _KINDS[kind], quality=85))[0], hidden=True))
    return found


def _file(kind: str, picture: Image.Image, tiles: Sequence[Item], *more: Box) -> bytes:
    columns, rows = picture.width // _SIDE, picture.height // _SIDE
    size = (b"ispe", bytes(4) + struct.pack(">II", *picture.size))
    colours = [one for one in tiles[0].properties if one[0] in (b"pixi", b"colr")]
    data = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *picture.size)
    grid = Item(b"grid", data, [size, *colours, *more], {b"dimg": [*range(2, 2 + len(tiles))]})
    return heif([grid, *tiles], brands=_BRANDS[kind])


def _cut(kind: str, part: float, *more: Box) -> bytes:
    return first_part(_file(kind, _wide(), _wide_tiles(kind), *more), part)


def _first_tile(kind: str, size: tuple[int, int]) -> bytes:
    """A file that ends behind the first of two tiles."""
    picture = _PICTURES[size]()
    tiles = _tiles(kind, picture)
    return _file(kind, picture, tiles)[: -len(tiles[1].data)]


def _made(kind: str, size: tuple[int, int], **wrong: int) -> bytes:
    """A whole file in which one tile is empty, or zeros, or noise."""
    picture = _PICTURES[size]()
    tiles = _tiles(kind, picture)
    for what, number in wrong.items():
        length = len(tiles[number].data)
        data = {"empty": b"", "zeros": bytes(length), "noise": Random(length).randbytes(length)}[what]
        tiles[number] = replace(tiles[number], data=data)
    return _file(kind, picture, tiles)


def _fewer(kind: str) -> bytes:
    """A whole file that has three of four tiles."""
    return _file(kind, _square(), _tiles(kind, _square())[:3])


_PICTURES: dict[tuple[int, int], Callable[[], Image.Image]] = {_TALL: _tall, _BROAD: _broad, _SQUARE: _square}
