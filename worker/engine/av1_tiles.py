"""How a frame of AV1 is divided into tiles (AV1 specification, 5.9.15): read, and written for a smaller frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from worker.engine.av1_bits import BitReader, BitWriter

_WIDEST, _LARGEST, _MOST = 4096, 4096 * 2304, 64
_LENGTH_BYTES = 4

Starts = tuple[int, ...]
"""Where tiles begin, in superblocks, and where the last one ends."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Columns begin at `across`, rows at `down`; a length of a tile has `length_bytes`, its number so many `bits`."""

    across: Starts
    down: Starts
    length_bytes: int = _LENGTH_BYTES
    bits: int = 0

    @property
    def count(self) -> int:
        """Of all tiles."""
        return (len(self.across) - 1) * (len(self.down) - 1)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What the size of a frame, in superblocks of `block` pixels, allows."""

    block: int
    columns: int
    rows: int

    @property
    def widest(self) -> int:
        return _WIDEST // self.block

    @property
    def fewest(self) -> int:
        """The least number of tiles, as a power of two."""
        largest = _LARGEST // self.block**2
        return max(self.fewest_columns, _logarithm(largest, self.rows * self.columns))

    @property
    def fewest_columns(self) -> int:
        return _logarithm(self.widest, self.columns)

    def highest(self, across: Starts) -> int:
        """How high a tile may be if the size of each is stated."""
        area = self.rows * self.columns
        area = area >> (self.fewest + 1) if self.fewest else area
        return max(area // max(right - left for left, right in pairwise(across)), 1)


def read_tiles(bits: BitReader, block: int, size: tuple[int, int]) -> Tiles:
    """Read the description of tiles in a frame of that size in pixels."""
    limits = _limits(block, size)
    if bits.flag():
        across_log2 = _increments(bits, limits.fewest_columns, limits.columns)
        down_log2 = _increments(bits, max(limits.fewest - across_log2, 0), limits.rows)
        across, down = _even(limits.columns, across_log2), _even(limits.rows, down_log2)
    else:
        across = _stated(bits, limits.columns, limits.widest)
        down = _stated(bits, limits.rows, limits.highest(across))
        across_log2, down_log2 = _logarithm(1, len(across) - 1), _logarithm(1, len(down) - 1)
    length_bytes, several = 0, across_log2 + down_log2
    if several:
        bits.take(several)
        length_bytes = bits.take(2) + 1
    return Tiles(across, down, length_bytes, several)


def write_tiles(bits: BitWriter, tiles: Tiles, block: int, size: tuple[int, int]) -> bool:
    """Write that description; false if AV1 has none for such tiles. Their lengths have four bytes."""
    limits = _limits(block, size)
    across_log2, down_log2 = _logarithm(1, len(tiles.across) - 1), _logarithm(1, len(tiles.down) - 1)
    even = tiles.across == _even(limits.columns, across_log2) and tiles.down == _even(limits.rows, down_log2)
    fewest_rows = max(limits.fewest - across_log2, 0)
    if even and across_log2 >= limits.fewest_columns and down_log2 >= fewest_rows:
        bits.put(1, 1)
        _put_increments(bits, across_log2, limits.fewest_columns, limits.columns)
        _put_increments(bits, down_log2, fewest_rows, limits.rows)
    else:
        bits.put(0, 1)
        highest = limits.highest(tiles.across)
        for starts, whole, most in (
            (tiles.across, limits.columns, limits.widest),
            (tiles.down, limits.rows, highest),
        ):
            for start, end in pairwise(starts):
                if end - start > most:
                    return False
                bits.put_one_of(end - start - 1, min(whole - start, most))
    if across_log2 + down_log2:
        bits.put(0, across_log2 + down_log2)
        bits.put(_LENGTH_BYTES - 1, 2)
    return True


def _limits(block: int, size: tuple[int, int]) -> _Limits:
    return _Limits(block, -(-size[0] // block), -(-size[1] // block))


def _logarithm(unit: int, length: int) -> int:
    """The least number of times that `unit` must be doubled to reach `length`."""
    return (-(-length // unit) - 1).bit_length()


def _even(whole: int, log2: int) -> Starts:
    return (*range(0, whole, -(-whole >> log2)), whole)


def _increments(bits: BitReader, least: int, whole: int) -> int:
    while least < _logarithm(1, min(whole, _MOST)) and bits.flag():
        least += 1
    return least


def _put_increments(bits: BitWriter, value: int, least: int, whole: int) -> None:
    for _ in range(value - least):
        bits.put(1, 1)
    if value < _logarithm(1, min(whole, _MOST)):
        bits.put(0, 1)


def _stated(bits: BitReader, whole: int, most: int) -> Starts:
    starts = [0]
    while starts[-1] < whole:
        starts.append(starts[-1] + 1 + bits.one_of(min(whole - starts[-1], most)))
    return tuple(starts)
