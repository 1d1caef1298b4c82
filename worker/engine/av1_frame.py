"""The header of a key frame of AV1 (AV1 specification, 5.9): where its tiles are described, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass

from worker.engine.av1_bits import BitReader
from worker.engine.av1_sequence import Sequence
from worker.engine.av1_tiles import Tiles, read_tiles

_KEY = 0
_FEATURE_BITS = (8, 6, 6, 6, 6, 3, 0, 0)
_SIGNED_FEATURES = 5


@dataclass(frozen=True, slots=True)
class Frame:
    """The bits that describe tiles are from `tiles_at` to `tiles_end`; those of the header end at `end`. `units` are
    the heights in pixels of those of loop restoration, if that is used."""

    tiles: Tiles
    tiles_at: int
    tiles_end: int
    end: int
    units: tuple[int, ...]


def read_frame(data: bytes, sequence: Sequence) -> Frame | None:
    """Read a frame's header; None if it is of a kind that no still picture is.

    Raises `EOFError` if it is too short.
    """
    bits = BitReader(data)
    if not sequence.reduced and (bits.flag() or bits.take(2) != _KEY or not bits.flag()):
        return None
    no_updates = bits.flag()
    screen_content = bits.flag() if sequence.screen_content == 2 else bool(sequence.screen_content)
    if screen_content and sequence.integer_mv == 2:
        bits.take(1)
    bits.take(sequence.frame_id_bits)
    if not sequence.reduced and bits.flag():
        return None
    bits.take(sequence.order_hint_bits)
    if sequence.superres and bits.flag():
        return None
    if bits.flag():
        bits.take(32)
    block_copy = screen_content and bits.flag()
    if not sequence.reduced and not no_updates:
        bits.take(1)
    tiles_at = bits.at
    tiles = read_tiles(bits, sequence.block, (sequence.width, sequence.height))
    tiles_end = bits.at
    lossless = _quantizers(bits, sequence, block_copy=block_copy)
    units: tuple[int, ...] = ()
    if not lossless and not block_copy:
        _loop_filter(bits, sequence)
        units = _other_filters(bits, sequence)
    if not lossless:
        bits.take(1)
    bits.take(1)
    if sequence.film_grain and bits.flag():
        return None
    return Frame(tiles, tiles_at, tiles_end, bits.at, units)


def _quantizers(bits: BitReader, sequence: Sequence, *, block_copy: bool) -> bool:
    """Whether nothing is lost: then there are no filters."""
    base, deltas = bits.take(8), [_delta(bits)]
    if not sequence.monochrome:
        both = sequence.separate_uv and bits.flag()
        deltas += [_delta(bits) for _ in range(4 if both else 2)]
    if bits.flag():
        bits.take(12 if sequence.separate_uv else 8)
    indices = _segments(bits, base)
    if base and bits.flag():
        bits.take(2)
        if not block_copy and bits.flag():
            bits.take(3)
    return not any(indices) and not any(deltas)


def _delta(bits: BitReader) -> int:
    return bits.signed(7) if bits.flag() else 0


def _segments(bits: BitReader, base: int) -> list[int]:
    """The quantizer of each segment."""
    indices = [base]
    if bits.flag():
        indices = []
        for _ in range(8):
            index = base
            for number, width in enumerate(_FEATURE_BITS):
                if bits.flag():
                    value = bits.signed(1 + width) if number < _SIGNED_FEATURES else bits.take(width)
                    index = index if number else min(255, max(0, base + value))
            indices.append(index)
    return indices


def _loop_filter(bits: BitReader, sequence: Sequence) -> None:
    if bits.take(12) and not sequence.monochrome:
        bits.take(12)
    bits.take(3)
    if bits.flag() and bits.flag():
        for _ in range(10):
            _delta(bits)


def _other_filters(bits: BitReader, sequence: Sequence) -> tuple[int, ...]:
    """The heights of units of loop restoration, of brightness and of colour."""
    planes = 1 if sequence.monochrome else 3
    if sequence.cdef:
        bits.take(2)
        bits.take((1 << bits.take(2)) * (6 if planes == 1 else 12))
    if not sequence.restoration:
        return ()
    kinds = [bits.take(2) for _ in range(planes)]
    if not any(kinds):
        return ()
    shift = bits.take(1) + sequence.large_blocks
    if shift and not sequence.large_blocks:
        shift += bits.take(1)
    height = 64 << shift
    if not sequence.subsampled:
        return (height,)
    return height, 2 * height >> (bits.take(1) if any(kinds[1:]) else 0)
