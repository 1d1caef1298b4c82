"""How much of a PNG's pixels is in the file, counted in its compressed data; and what an interlaced one shows then."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from pipeline.images.containers.png import Chunk
from worker.engine.decoded import Strips

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PIECE = 16 * 1024
_INFLATED = 256 * 1024
_BAND = 8
_LAST_FILTER = 4


@dataclass(frozen=True, slots=True)
class _Pass:
    """One of the seven passes of Adam7, or the only one: its first pixel, and the distances between its pixels."""

    x: int
    y: int
    across: int
    down: int

    def size(self, width: int, height: int) -> tuple[int, int]:
        """How many columns and rows it has."""
        return max(0, -(-(width - self.x) // self.across)), max(0, -(-(height - self.y) // self.down))


_ADAM7 = tuple(
    _Pass(*numbers)
    for numbers in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
)
# Once so many passes are there: the distances between known pixels.
_GRAIN = ((8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2), (1, 1))


@dataclass(frozen=True, slots=True)
class Rows:
    """How much is there: `done` rows of each pass, out of `height` rows in all, in the first `sound` bytes of data.
    Behind those the file ends (`cut_off`), or is damaged."""

    height: int
    interlaced: bool
    done: tuple[int, ...]
    sound: int
    cut_off: bool

    @property
    def part(self) -> float:
        """The part of the rows, counted from the top, of which anything is there."""
        if not self.interlaced:
            return self.done[0] / self.height
        return min(1.0, self.bands(1) * _BAND / self.height)

    def bands(self, passes: int) -> int:
        """The number of bands of eight rows in which so many passes are whole."""
        count = -(-self.height // _BAND)
        for one, done in zip(_ADAM7[:passes], self.done, strict=False):
            total = one.size(1 << 30, self.height)[1]
            if done < total:
                count = min(count, done // (_BAND // one.down))
        return count

    @property
    def coarse(self) -> bool:
        """Whether there are rows of which only some pixels are there."""
        return self.interlaced and self.bands(1) > self.bands(7)


def count_rows(stream: BinaryIO, head: bytes, size: tuple[int, int], data: Iterable[Chunk]) -> Rows:
    """Count the rows that can be inflated from the chunks of pixels, up to where they end or are damaged: a row of an
    unknown filter is no row any more.

    `head` is the data of IHDR, `size` the width and height of the frame.
    """
    (width, height), (bits, kind, interlaced) = size, struct.unpack_from(">BBxxB", head, 8)
    passes = _ADAM7 if interlaced else (_Pass(0, 0, 1, 1),)
    sizes = [one.size(width, height) for one in passes]
    lengths = [1 + -(-columns * bits * _CHANNELS[kind] // 8) if columns else 0 for columns, _ in sizes]
    filters = _Filters([(length, rows) for length, (_, rows) in zip(lengths, sizes, strict=True) if length])
    sound, cut_off = _inflate(_read(stream, data), filters)
    left = filters.total
    done = []
    for length, (_, rows) in zip(lengths, sizes, strict=True):
        done.append(min(rows, left // length) if length else rows)
        left -= done[-1] * length if done[-1] == rows else left
    return Rows(height, bool(interlaced), tuple(done), sound, cut_off)


def _read(stream: BinaryIO, data: Iterable[Chunk]) -> Iterator[bytes]:
    for chunk in data:
        skip = 4 if chunk.name == b"fdAT" else 0  # its number in the sequence
        stream.seek(chunk.at + skip)
        left = chunk.length - skip
        while left > 0 and (piece := stream.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece


class _Filters:
    """Counts inflated bytes up to the first row whose filter does not exist; `areas` are the length of a row in bytes
    and the number of rows, of one pass after the other."""

    def __init__(self, areas: list[tuple[int, int]]) -> None:
        self._areas, self._next = areas, 0
        self.total, self.done = 0, not areas

    def take(self, data: bytes) -> None:
        """Count what comes next."""
        while data and not self.done:
            length, rows = self._areas[0]
            here = data[: length * rows - self._next]
            first = -self._next % length
            unknown = next((at for at in range(first, len(here), length) if here[at] > _LAST_FILTER), None)
            taken = len(here) if unknown is None else unknown
            self.total, self._next, data = self.total + taken, self._next + taken, data[len(here) :]
            if self._next == length * rows:
                self._areas, self._next = self._areas[1:], 0
            self.done = unknown is not None or not self._areas


def _inflate(pieces: Iterable[bytes], filters: _Filters) -> tuple[int, bool]:
    """Inflate until the data ends, is damaged, or is enough; return how many bytes go in before that, and whether the
    data ends there."""
    inflater, taken = zlib.decompressobj(), 0
    for piece in pieces:
        rest = piece
        while rest and not filters.done and not inflater.eof:
            before = inflater.copy()
            try:
                filters.take(inflater.decompress(rest, _INFLATED))
            except zlib.error:
                return taken + len(piece) - len(rest) + _to_the_damage(before, rest, filters), False
            rest = inflater.unconsumed_tail
        taken += len(piece)
    filters.take(inflater.flush())
    return taken, not filters.done and not inflater.eof


def _to_the_damage(inflater: zlib._Decompress, piece: bytes, filters: _Filters) -> int:
    for at in range(len(piece)):
        try:
            filters.take(inflater.decompress(piece[at : at + 1]))
        except zlib.error:
            return at
    return len(piece)


class CoarseStrips:
    """The strips of an interlaced picture whose later passes are missing, in blocks of the pixels that are there."""

    def __init__(self, strips: Strips, width: int, rows: Rows) -> None:
        self._strips, self._width, self._rows = strips, width, rows

    def strip(self, top: int, bottom: int) -> Image.Image:
        """The rows from `top` to `bottom`."""
        first, last = top // _BAND * _BAND, min(self._rows.height, -(-bottom // _BAND) * _BAND)
        picture = self._strips.strip(first, last).copy()  # the strip may be the whole picture itself
        for passes in range(1, 7):
            begin, end = (max(first, min(last, self._rows.bands(p) * _BAND)) for p in (passes + 1, passes))
            if begin < end:
                box = (0, begin - first, self._width, end - first)
                picture.paste(_blocks(picture.crop(box), *_GRAIN[passes - 1]), box)
        return picture.crop((0, top - first, self._width, bottom - first))


def _blocks(picture: Image.Image, across: int, down: int) -> Image.Image:
    """Every block filled with its left upper pixel."""
    size = (-(-picture.width // across), -(-picture.height // down))
    first = (across, 0, (1 - across) / 2, 0, down, (1 - down) / 2)
    few = picture.transform(size, Image.Transform.AFFINE, first, Image.Resampling.NEAREST)
    return few.transform(
        picture.size, Image.Transform.AFFINE, (1 / across, 0, 0, 0, 1 / down, 0), Image.Resampling.NEAREST
    )
