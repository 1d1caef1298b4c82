"""The file that is stripped, read by offset."""

from __future__ import annotations

from typing import BinaryIO

from pipeline.images.containers.reading import Truncated


class Source:
    """A seekable stream; `size` is its length in bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, 2)

    def read(self, start: int, count: int) -> bytes:
        """Exactly `count` bytes from `start` on; raise `Truncated` if there are fewer."""
        data = self.read_some(start, count)
        if len(data) != count:
            raise Truncated
        return data

    def read_some(self, start: int, count: int) -> bytes:
        """Up to `count` bytes, fewer only at the end."""
        if not 0 <= start <= self.size:
            raise Truncated
        self._stream.seek(start)
        return self._stream.read(count)
