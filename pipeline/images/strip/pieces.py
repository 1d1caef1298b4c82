"""A file described as pieces of another one: ranges of it, bytes of our own, and zeros."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from pipeline.errors import CannotStripMetadata

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# 5000 frames with a comment before each make 10,001.
_PIECES = 12_000
_LITERAL_BYTES = 512 * 1024
# A range, its two numbers, and its places in two lists.
_PIECE_BYTES = 160


@dataclass(frozen=True, slots=True)
class Zeros:
    """So many zero bytes."""

    length: int

    def __len__(self) -> int:
        return self.length


Piece: TypeAlias = range | bytes | Zeros
"""A range of the source, bytes of our own, or zeros."""


class Pieces:
    """The pieces of a file, in order; `length` is the file's, in bytes. Bounded: `add` raises `CannotStripMetadata`.

    What it takes is at most some two megabytes, whatever the size of the source.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.length = 0
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self._literal = 0

    def __iter__(self) -> Iterator[Piece]:
        return iter(self._pieces)

    @property
    def memory(self) -> int:
        """About how many bytes of memory these pieces take."""
        return self._literal + _PIECE_BYTES * len(self._pieces)

    def at(self, position: int) -> tuple[Piece, int]:
        """The piece that holds the byte at `position`, which must be below `length`, and where in it that is."""
        number = bisect_right(self._starts, position) - 1
        return self._pieces[number], position - self._starts[number]

    def add(self, piece: Piece) -> None:
        """Append one piece; a range that begins where the last one ended is joined to it."""
        size = len(piece)
        if not size:
            return
        last = self._pieces[-1] if self._pieces else None
        if isinstance(piece, range) and isinstance(last, range) and last.stop == piece.start:
            self._pieces[-1] = range(last.start, piece.stop)
            self.length += size
            return
        self._literal += size if isinstance(piece, bytes) else 0
        if len(self._pieces) >= _PIECES or self._literal > _LITERAL_BYTES:
            raise CannotStripMetadata(self.label)
        self._pieces.append(piece)
        self._starts.append(self.length)
        self.length += size

    def extend(self, pieces: Pieces) -> None:
        """Append all of `pieces`."""
        for piece in pieces:
            self.add(piece)


class StrippedFile(io.RawIOBase):
    """Reads a file that consists of `pieces` of `source`; seekable. Closing it closes the source."""

    def __init__(self, source: BinaryIO, pieces: Pieces) -> None:
        self._source = source
        self._pieces = pieces
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As for any file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._pieces.length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill `buffer` from one piece, as far as that goes; raise `OSError` if the source has become shorter."""
        if self._position >= self._pieces.length:
            return 0
        view = memoryview(buffer).cast("B")
        piece, skipped = self._pieces.at(self._position)
        if isinstance(piece, range):
            self._source.seek(piece[skipped])
            data = self._source.read(min(len(view), len(piece) - skipped))
            if not data:
                raise OSError("the original is shorter than it was")
        elif isinstance(piece, Zeros):
            data = bytes(min(len(view), len(piece) - skipped))
        else:
            data = piece[skipped : skipped + len(view)]
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()
