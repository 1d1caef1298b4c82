"""Bits and units of which AV1 is made (AV1 Bitstream & Decoding Process Specification, 4 and 5); HEVC has such bits."""

from __future__ import annotations

from collections.abc import Iterator


class BitReader:
    """Reads numbers bit by bit; raises `EOFError` where there are no more."""

    def __init__(self, data: bytes) -> None:
        self._number, self._length, self.at = int.from_bytes(data), 8 * len(data), 0

    def take(self, count: int) -> int:
        """An unsigned number of `count` bits."""
        self.at += count
        if self.at > self._length:
            raise EOFError
        return self._number >> (self._length - self.at) & ((1 << count) - 1)

    def flag(self) -> bool:
        """One bit."""
        return bool(self.take(1))

    def exponential(self) -> int:
        """An unsigned number in Exp-Golomb code, HEVC's `ue(v)`."""
        zeros = 0
        while not self.flag():
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self, count: int) -> int:
        """A signed number, `su(count)`."""
        value = self.take(count)
        return value - (1 << count) if value >> (count - 1) else value

    def one_of(self, count: int) -> int:
        """A number below `count`, `ns(count)`."""
        width = count.bit_length()
        short = (1 << width) - count
        value = self.take(width - 1)
        return value if value < short else (value << 1) - short + self.take(1)


class BitWriter:
    """Collects numbers bit by bit."""

    def __init__(self) -> None:
        self._number, self._length = 0, 0

    def put(self, value: int, count: int) -> None:
        """An unsigned number of `count` bits."""
        self._number, self._length = self._number << count | value, self._length + count

    def put_one_of(self, value: int, count: int) -> None:
        """A number below `count`, `ns(count)`."""
        width = count.bit_length()
        short = (1 << width) - count
        if value < short:
            self.put(value, width - 1)
        else:
            self.put(value + short, width)

    def copy(self, data: bytes, first: int, last: int) -> None:
        """The bits of `data` from `first` to before `last`."""
        reader = BitReader(data)
        reader.at = first
        self.put(reader.take(last - first), last - first)

    def aligned(self) -> bytes:
        """All of it, filled up with zeros to whole bytes."""
        pad = -self._length % 8
        return (self._number << pad).to_bytes((self._length + pad) // 8)


def units(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Type and payload of each OBU, and whether all of it is there; ends at what is none."""
    at = 0
    while at < len(data):
        head = data[at]
        at += 2 if head & 4 else 1
        length = len(data) - at
        if head & 2:
            length, at = _leb128(data, at)
        if head & 0x80 or length < 0:
            return
        yield head >> 3 & 15, data[at : at + length], at + length <= len(data)
        at += length


def unit(kind: int, payload: bytes) -> bytes:
    """The bytes of an OBU."""
    length, size = bytearray(), len(payload)
    while True:
        size, low = size >> 7, size & 0x7F
        length.append(low | 0x80 * (size > 0))
        if not size:
            return bytes((kind << 3 | 2,)) + length + payload


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends; -1 if it has no end."""
    value = 0
    for number, byte in enumerate(data[at : at + 8]):
        value |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:
            return value, at + number + 1
    return -1, at
