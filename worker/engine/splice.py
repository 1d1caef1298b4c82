"""A file put together from pieces of another one: a decoder is given what it needs, and nothing is copied."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterable
from typing import BinaryIO, cast

Piece = bytes | tuple[int, int]
"""Bytes, or offset and length of some bytes of the file."""


class Spliced(io.RawIOBase):
    """Reads the pieces one after the other, and then `tail`, which no read joins to what comes before it.

    `tail_was_read` says that the pieces were not enough.
    """

    def __init__(self, file: BinaryIO, pieces: Iterable[Piece], tail: bytes = b"") -> None:
        self._file, self._size = file, file.seek(0, io.SEEK_END)
        self._starts: list[int] = []
        self._pieces: list[tuple[int, Piece]] = []
        end = 0
        for piece in pieces:
            # a damaged length must not be asked of the file: memory for all of it would be taken first
            length = len(piece) if isinstance(piece, bytes) else max(0, min(piece[1], self._size - piece[0]))
            start, end = end, end + length
            if length:
                self._pieces.append((end, piece))
                self._starts.append(start)
        self._end, self._tail, self._at = end, tail, 0
        self.tail_was_read = False

    @property
    def stream(self) -> BinaryIO:
        """Itself, as a type that decoders take."""
        return cast(BinaryIO, self)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The offset in the file that this one makes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move as any file does."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end + len(self._tail)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; everything if that is negative."""
        if size is None or size < 0:
            size = self._end + len(self._tail)
        if self._at >= self._end:
            start = self._at - self._end
            data = self._tail[start : start + size]
            self.tail_was_read = self.tail_was_read or bool(data)
        else:
            data = b"".join(self._parts(self._at, self._at + size))
        self._at += len(data)
        return data

    def _parts(self, first: int, last: int) -> Iterable[bytes]:
        # a PNG may have a chunk for every byte of its pixels
        number = bisect_right(self._starts, first) - 1
        while first < last and number < len(self._pieces):
            start, (end, piece) = self._starts[number], self._pieces[number]
            stop = min(last, end)
            if isinstance(piece, bytes):
                yield piece[first - start : stop - start]
            else:
                self._file.seek(piece[0] + first - start)
                yield self._file.read(stop - first)
            first, number = stop, number + 1


def merged(pieces: Iterable[Piece]) -> list[Piece]:
    """The same pieces with neighbours joined."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(piece, bytes) and isinstance(last, bytes):
            found[-1] = last + piece
        elif isinstance(piece, tuple) and isinstance(last, tuple) and sum(last) == piece[0]:
            found[-1] = (last[0], last[1] + piece[1])
        else:
            found.append(piece)
    return found
