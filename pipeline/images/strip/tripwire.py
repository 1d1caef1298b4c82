"""The last look at what is kept: a damaged length makes pixels reach into the metadata behind them."""

from __future__ import annotations

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip.pieces import Pieces
from pipeline.images.strip.source import Source

_TAIL = 64 * 1024
_MOST_BYTES = 8 * 1024 * 1024
# How metadata begins: so many given bytes do not come about by chance.
_BEGINNINGS = (
    b"Exif\x00\x00MM",
    b"Exif\x00\x00II",
    b"MM\x00*\x00\x00\x00\x08",
    b"II*\x00\x08\x00\x00\x00",
    b"http://ns.adobe.com/",
    b"<x:xmpmeta",
    b"<?xpacket",
    b"Photoshop 3.0\x00",
)


def check_ends(source: Source, pieces: Pieces) -> None:
    """Raise `Truncated` if metadata begins in the last 64 KB of a range that is kept."""
    left = _MOST_BYTES
    for piece in pieces:
        if isinstance(piece, range) and left > 0:
            tail = source.read(max(piece.start, piece.stop - _TAIL), min(_TAIL, len(piece)))
            left -= len(tail)
            if any(beginning in tail for beginning in _BEGINNINGS):
                raise Truncated
