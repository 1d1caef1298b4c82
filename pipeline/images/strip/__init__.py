"""A picture file without what it tells of the person who took it: pixels, colours and gain map stay as they are.

`strip` walks the structure of a file and describes another one as pieces of it; no pixel is decoded, and no more is
kept in memory than the description. Only what is known to belong to the picture is kept: location, names, serial
numbers, times, thumbnails, XMP, IPTC, comments, maker notes and trailers are not, nor is anything unknown.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import BinaryIO

from pipeline.errors import CannotStripMetadata
from pipeline.images.containers.reading import Truncated
from pipeline.images.header import Format
from pipeline.images.strip import gif, heif, jpeg, png, webp
from pipeline.images.strip.pieces import Pieces, StrippedFile
from pipeline.images.strip.source import Source
from pipeline.images.strip.tripwire import check_ends

__all__ = ["VERSION", "Pieces", "StrippedFile", "strip"]

# Raised with every change that makes other bytes of an original.
VERSION = 1

_STRIPPERS: dict[Format, Callable[[Source], Pieces]] = {
    Format.JPEG: jpeg.strip,
    Format.PNG: png.strip,
    Format.GIF: gif.strip,
    Format.WEBP: webp.strip,
    Format.HEIC: heif.strip_heic,
    Format.AVIF: heif.strip_avif,
}


def strip(stream: BinaryIO, kind: Format) -> Pieces:
    """The pieces of a seekable `stream` that make the same picture without metadata.

    Raise `CannotStripMetadata` for a file whose structure is damaged: it is never passed on as it is.
    """
    stripper, source = _STRIPPERS.get(kind), Source(stream)
    try:
        if stripper is None:
            raise Truncated
        pieces = stripper(source)
        check_ends(source, pieces)
    except (Truncated, OverflowError, IndexError):
        raise CannotStripMetadata(kind.label) from None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise CannotStripMetadata(kind.label) from None
    return pieces
