"""What is there of an AV1 picture whose data ends too early: a smaller picture, which its decoder shows without error.

A decoder of AV1 gives up over what stands in for missing data. So the header is given a smaller size, with as many
whole tiles as there are, and of the tile that is cut as many rows of blocks as come out the same whatever follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from zlib import crc32

from PIL import Image

from worker.engine.av1_bits import BitReader, BitWriter, unit, units
from worker.engine.av1_frame import Frame, read_frame
from worker.engine.av1_sequence import Sequence, read_sequence
from worker.engine.av1_tiles import Tiles, write_tiles
from worker.engine.heif_file import Coded

_SEQUENCE, _FRAME = 1, 6
_FILLS = b"\0" * 64, b"\xff" * 64

Decoder = Callable[[Coded], Image.Image | None]


@dataclass(frozen=True, slots=True)
class _Tile:
    data: bytes
    whole: bool


def part_of_av1(coded: Coded, decoder: Decoder) -> Iterator[Image.Image]:
    """Parts of a picture that is cut off, each from its left upper corner on; none if it can't be told what is there.

    Only the last one made is held.
    """
    try:
        sequence, frame, payload = _headers(coded.data)
        tiles = _tiles(payload, frame)
    except (EOFError, ValueError):
        return
    yield from _Search(coded, decoder, sequence, frame, payload, tiles).find()


def colours_of_av1(data: bytes) -> tuple[int, int] | None:
    """The code points of primaries and transfer in the first sequence header of a picture's data; None without one."""
    try:
        headers = (read_sequence(payload) for kind, payload, _ in units(data) if kind == _SEQUENCE)
        sequence = next(headers, None)
    except (EOFError, ValueError):
        return None
    return sequence.colours if sequence else None


def _headers(data: bytes) -> tuple[Sequence, Frame, bytes]:
    sequence = None
    for kind, payload, _ in units(data):
        if kind == _SEQUENCE and sequence is None:
            sequence = read_sequence(payload)
        elif kind == _FRAME and sequence is not None:
            if (frame := read_frame(payload, sequence)) is not None:
                return sequence, frame, payload
            break
    raise ValueError


def _tiles(payload: bytes, frame: Frame) -> list[_Tile]:
    bits = BitReader(payload)
    bits.take(frame.end + -frame.end % 8)
    if frame.tiles.count > 1 and bits.flag():
        bits.take(2 * frame.tiles.bits)
    at, found = -(-bits.at // 8), []
    for number in range(frame.tiles.count):
        if number == frame.tiles.count - 1:
            found.append(_Tile(payload[at:], whole=False))
            break
        length = int.from_bytes(payload[at : at + frame.tiles.length_bytes], "little") + 1
        at += frame.tiles.length_bytes
        tile = payload[at : at + length]
        found.append(_Tile(tile, len(tile) == length))
        if len(tile) < length:
            break
        at += length
    return found


@dataclass(frozen=True, slots=True)
class _Search:
    coded: Coded
    decoder: Decoder
    sequence: Sequence
    frame: Frame
    payload: bytes
    tiles: list[_Tile]

    def find(self) -> Iterator[Image.Image]:
        """The rows of tiles that are whole, the whole tiles of the next row, and what is there of the next tile."""
        down, columns = self.frame.tiles.down, len(self.frame.tiles.across) - 1
        rows, column = divmod(sum(tile.whole for tile in self.tiles), columns)
        for across, height in ((columns, down[rows]), (column, down[rows + 1])):
            if across and height and (found := self._decoded(across, height)):
                yield found
                del found
        height = self._searched(column + 1, down[rows], down[rows + 1])
        if height and (found := self._decoded(column + 1, height, _FILLS[0])):
            yield found

    def _searched(self, columns: int, least: int, most: int) -> int:
        """The most rows of blocks that do not depend on what follows the data; 0 if there is none."""
        heights = [rows for rows in range(least + 1, most + 1) if self._keeps_filter(rows)]
        first, last = 0, len(heights)
        while first < last:
            middle = (first + last) // 2
            if self._is_certain(columns, heights[middle]):
                first = middle + 1
            else:
                last = middle
        return heights[first - 1] if first else 0

    def _is_certain(self, columns: int, rows: int) -> bool:
        sums = [crc32(found.tobytes()) for fill in _FILLS if (found := self._decoded(columns, rows, fill))]
        return len(sums) == len(_FILLS) and len(set(sums)) == 1

    def _decoded(self, columns: int, rows: int, fill: bytes = b"") -> Image.Image | None:
        """The picture of so many columns of tiles and rows of blocks."""
        tiles, block = self.frame.tiles, self.sequence.block
        size = (
            min(tiles.across[columns] * block, self.sequence.width),
            min(rows * block, self.sequence.height),
        )
        down = (*(row for row in tiles.down if row < rows), rows)
        header = self._header(Tiles(tiles.across[: columns + 1], down), size)
        stride = len(tiles.across) - 1
        chosen = [self.tiles[row * stride + column] for row in range(len(down) - 1) for column in range(columns)]
        bodies = [tile.data if tile.whole else tile.data + fill for tile in chosen]
        if header is None or not all(bodies):
            return None
        lengths = [(len(body) - 1).to_bytes(4, "little") for body in bodies[:-1]] + [b""]
        frame = header + b"".join(length + body for length, body in zip(lengths, bodies, strict=True))
        data = unit(_SEQUENCE, self.sequence.resized(*size)) + unit(_FRAME, frame)
        return self.decoder(replace(self.coded, data=data, size=size))

    def _keeps_filter(self, rows: int) -> bool:
        """Whether the units of loop restoration begin where they did: the last one may be half as large again."""
        height = rows * self.sequence.block
        if height >= self.sequence.height:
            return True
        return all(height < unit or height % unit == 0 or height % unit >= unit // 2 for unit in self.frame.units)

    def _header(self, tiles: Tiles, size: tuple[int, int]) -> bytes | None:
        """The frame's header with other tiles, up to the first of them; None if there is none for such tiles."""
        made = BitWriter()
        made.copy(self.payload, 0, self.frame.tiles_at)
        if not write_tiles(made, tiles, self.sequence.block, size):
            return None
        made.copy(self.payload, self.frame.tiles_end, self.frame.end)
        return made.aligned() + bytes(tiles.count > 1)
