"""PNG and APNG: the chunks that its pixels and their colours depend on (W3C PNG, third edition)."""

from __future__ import annotations

from zlib import crc32

from pipeline.images.containers.reading import EXIF_BYTES, Truncated
from pipeline.images.strip.exif import picture_facts, reduced_exif
from pipeline.images.strip.pieces import Pieces
from pipeline.images.strip.source import Source

LABEL = "PNG"
_CHUNKS = 200_000
_READ = 256 * 1024
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_KEPT = {
    b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"bKGD", b"acTL", b"fcTL", b"fdAT",
    b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"mDCV", b"cLLI", b"mDCv", b"cLLi", b"pHYs",
}  # fmt: skip


def strip(source: Source) -> Pieces:
    """The chunks that are kept, as they are, up to the end of the picture."""
    pieces = Pieces(LABEL)
    pieces.add(source.read(0, len(_SIGNATURE)))
    at = len(_SIGNATURE)
    for _ in range(_CHUNKS):
        if at == source.size:
            break
        head = source.read(at, 8)
        length, name = int.from_bytes(head[:4]), head[4:]
        end = at + 12 + length
        if name == b"IEND":
            break
        if end > source.size:
            raise Truncated
        if name in _KEPT:
            _check(source, at, end)
            pieces.add(range(at, end))
        elif name == b"eXIf":
            exif = reduced_exif(picture_facts(source.read(at + 8, min(length, EXIF_BYTES))))
            pieces.add(_chunk(b"eXIf", exif) if exif else b"")
        at = end
    else:
        raise Truncated
    pieces.add(_END)
    return pieces


def _check(source: Source, at: int, end: int) -> None:
    """Raise `Truncated` unless the chunk's checksum is right: a wrong length must not pass for pixels."""
    checksum, position = 0, at + 4
    while position < end - 4:
        data = source.read(position, min(_READ, end - 4 - position))
        checksum, position = crc32(data, checksum), position + len(data)
    if source.read(end - 4, 4) != checksum.to_bytes(4):
        raise Truncated


def _chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + name + data + crc32(name + data).to_bytes(4)
