"""The sequence header of AV1, as far as a still picture needs it (AV1 specification, 5.5)."""

from __future__ import annotations

from dataclasses import dataclass

from worker.engine.av1_bits import BitReader, BitWriter

_SELECT = 2


@dataclass(frozen=True, slots=True)
class Sequence:
    """What the header says; `size_at` is the bit at which width and height begin, of `size_bits` each, and
    `colours` are the code points of primaries and transfer."""

    data: bytes
    size_at: int
    size_bits: tuple[int, int]
    width: int
    height: int
    reduced: bool
    frame_id_bits: int
    large_blocks: bool
    screen_content: int
    integer_mv: int
    order_hint_bits: int
    superres: bool
    cdef: bool
    restoration: bool
    monochrome: bool
    subsampled: bool
    separate_uv: bool
    film_grain: bool
    colours: tuple[int, int]

    @property
    def block(self) -> int:
        """The side of a superblock in pixels."""
        return 128 if self.large_blocks else 64

    def resized(self, width: int, height: int) -> bytes:
        """The header with another size, not larger."""
        made, last = BitWriter(), self.size_at + sum(self.size_bits)
        made.copy(self.data, 0, self.size_at)
        made.put(width - 1, self.size_bits[0])
        made.put(height - 1, self.size_bits[1])
        made.copy(self.data, last, 8 * len(self.data))
        return made.aligned()


def read_sequence(data: bytes) -> Sequence | None:
    """Read the payload of a sequence header; None if it describes a stream with timing, which no still picture has.

    Raises `EOFError` if it is too short.
    """
    bits = BitReader(data)
    profile, _, reduced = bits.take(3), bits.flag(), bits.flag()
    if reduced:
        bits.take(5)
    elif not _operating_points(bits):
        return None
    widths = bits.take(4) + 1, bits.take(4) + 1
    size_at = bits.at
    width, height = bits.take(widths[0]) + 1, bits.take(widths[1]) + 1
    frame_id_bits = 0
    if not reduced and bits.flag():
        frame_id_bits = bits.take(4) + 2 + bits.take(3) + 1
    large_blocks = bits.flag()
    bits.take(2)
    screen_content, integer_mv, order_hint_bits = (_SELECT, _SELECT, 0) if reduced else _tools(bits)
    superres, cdef, restoration = bits.flag(), bits.flag(), bits.flag()
    monochrome, subsampled, separate_uv, colours = _colours(bits, profile)
    return Sequence(
        data, size_at, widths, width, height, reduced, frame_id_bits, large_blocks, screen_content, integer_mv,
        order_hint_bits, superres, cdef, restoration, monochrome, subsampled, separate_uv, bits.flag(), colours,
    )  # fmt: skip


def _operating_points(bits: BitReader) -> bool:
    """False if there is timing information."""
    if bits.flag():
        return False
    delays = bits.flag()
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delays and bits.flag():
            bits.take(4)
    return True


def _tools(bits: BitReader) -> tuple[int, int, int]:
    """What says whether frames choose tools for screen content and whole vectors, and the bits of an order hint."""
    bits.take(4)
    ordered = bits.flag()
    if ordered:
        bits.take(2)
    screen_content = _SELECT if bits.flag() else bits.take(1)
    integer_mv = _SELECT
    if screen_content and not bits.flag():
        integer_mv = bits.take(1)
    return screen_content, integer_mv, bits.take(3) + 1 if ordered else 0


def _colours(bits: BitReader, profile: int) -> tuple[bool, bool, bool, tuple[int, int]]:
    """Whether there is no colour, whether it is subsampled both ways, whether U and V have their own quantizers, and
    the code points of primaries and transfer."""
    deep = bits.flag()
    twelve = profile == 2 and deep and bits.flag()
    monochrome = profile != 1 and bits.flag()
    described = (bits.take(8), bits.take(8), bits.take(8)) if bits.flag() else (2, 2, 2)
    if monochrome:
        bits.take(1)
        return True, True, False, described[:2]
    if described == (1, 13, 0):
        return False, False, bits.flag(), described[:2]
    bits.take(1)
    across, down = profile != 1, profile == 0
    if twelve:
        across = bits.flag()
        down = across and bits.flag()
    if across and down:
        bits.take(2)
    return False, across and down, bits.flag(), described[:2]
