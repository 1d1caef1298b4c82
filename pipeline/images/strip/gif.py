"""GIF: its frames, their timing, the loop and the profile (GIF89a specification)."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip.icc import declared_bytes
from pipeline.images.strip.lzw import end_of_codes
from pipeline.images.strip.pieces import Pieces
from pipeline.images.strip.source import Source

LABEL = "GIF"
# Sub-blocks hold 255 bytes: this is 250 MB of them.
_SUBBLOCKS = 1_000_000
# How much of the pixels' codes is counted, if the sub-blocks alone don't show where they end.
_COUNTED_BYTES = 2 * 1024 * 1024
_READ = 64 * 1024

_EXTENSION, _IMAGE, _TRAILER = b"\x21", b"\x2c", b"\x3b"
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_PROFILE = b"ICCRGBG1012"


def strip(source: Source) -> Pieces:
    """The blocks that are kept, up to the end of the picture; anything that is no block ends in `Truncated`."""
    walk = _Walk(source)
    walk.palette(13, source.read(0, 13)[10])
    while walk.at < source.size:
        kind = source.read(walk.at, 1)
        if kind == _IMAGE:
            walk.image()
        elif kind == _EXTENSION:
            walk.extension()
        elif kind == _TRAILER:
            break
        else:
            raise Truncated
    if not walk.frames:
        raise Truncated
    walk.pieces.add(_TRAILER)
    return walk.pieces


@dataclass(frozen=True, slots=True)
class _Chain:
    """A chain of sub-blocks: where its first length is, the lengths, and where it ends, behind the zero."""

    start: int
    sizes: bytes
    end: int

    @property
    def last(self) -> int:
        """Where the last sub-block's bytes begin."""
        return self.end - 1 - self.sizes[-1]

    @property
    def is_regular(self) -> bool:
        """Whether all are full but the last, as encoders write them."""
        return len(self.sizes) > 0 and self.sizes[:-1].count(max(self.sizes)) == len(self.sizes) - 1


class _Walk:
    """A walk over the blocks of a file; `at` is where the next one begins."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = _SUBBLOCKS
        self._countable = _COUNTED_BYTES
        self.pieces = Pieces(LABEL)
        self.at = 0
        self.frames = 0

    def palette(self, end: int, flags: int) -> None:
        """Keep what lies between here and `end`, and the palette behind it that `flags` announce."""
        end += 3 << ((flags & 7) + 1) if flags & 0x80 else 0
        if end > self._source.size:
            raise Truncated
        self._keep(end)

    def image(self) -> None:
        """Keep a frame."""
        self.palette(self.at + 10, self._source.read(self.at + 9, 1)[0])
        minimum = self._source.read(self.at, 1)[0]
        chain = self._chain(self.at + 1)
        if chain.is_regular and self._ends_in_code(chain, minimum):
            self._keep(chain.end)
        else:
            self._keep_codes(chain, minimum)
        self.frames += 1

    def extension(self) -> None:
        """Keep what belongs to the animation, and a profile; pass over comments, text and everything else."""
        label = self._source.read(self.at + 1, 1)[0]
        chain = self._chain(self.at + 2)
        if label == _GRAPHIC_CONTROL:
            if chain.sizes != b"\x04":
                raise Truncated
            self._keep(chain.end)
        elif label == _APPLICATION and chain.sizes[:1] == b"\x0b":
            name = self._source.read(chain.start + 1, 11)
            if (name in _LOOPS and chain.sizes == b"\x0b\x03") or (name == _PROFILE and self._holds_profile(chain)):
                self._keep(chain.end)
        self.at = chain.end

    def _keep(self, end: int) -> None:
        self.pieces.add(range(self.at, end))
        self.at = end

    def _chain(self, start: int) -> _Chain:
        sizes, at, data, first = bytearray(), start, b"", start
        while True:
            if at - first >= len(data):
                data, first = self._source.read_some(at, _READ), at
            if not data or self._left <= 0:
                raise Truncated
            size = data[at - first]
            at += 1 + size
            if not size:
                return _Chain(start, bytes(sizes), at)
            sizes.append(size)
            self._left -= 1

    def _ends_in_code(self, chain: _Chain, minimum: int) -> bool:
        """Whether the last bits are the code that ends the pixels, of whatever width it is by then, and padding."""
        tail = self._source.read(chain.last, chain.sizes[-1])[-3:]
        if len(tail) < 3 and len(chain.sizes) > 1:
            tail = self._source.read(chain.last - 3, 2) + tail
        bits, size = int.from_bytes(tail[-3:], "little"), 8 * len(tail[-3:])
        code = (1 << minimum) + 1
        return any(
            (bits >> (size - padding - width)) == code
            for padding in range(8)
            for width in range(minimum + 1, 13)
            if padding + width <= size
        )

    def _keep_codes(self, chain: _Chain, minimum: int) -> None:
        """Keep the sub-blocks as far as the codes in them go."""
        self._countable -= chain.end - chain.start
        if self._countable < 0:
            raise Truncated
        raw, data, at = self._source.read(chain.start, chain.end - chain.start), bytearray(), 1
        for size in chain.sizes:
            data += raw[at : at + size]
            at += size + 1
        left, at = end_of_codes(bytes(data), minimum), chain.start
        for size in chain.sizes:
            if left < size:
                break
            left, at = left - size, at + 1 + size
        self._keep(at)
        if left:
            self.pieces.add(bytes((left,)))
            self.pieces.add(range(at + 1, at + 1 + left))
        self.pieces.add(b"\x00")
        self.at = chain.end

    def _holds_profile(self, chain: _Chain) -> bool:
        total = sum(chain.sizes[1:])
        head = self._source.read_some(chain.start + 13, min(128, chain.sizes[1] if len(chain.sizes) > 1 else 0))
        return 0 < total == declared_bytes(head, total)
