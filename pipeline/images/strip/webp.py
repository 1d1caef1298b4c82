"""WebP: the chunks that its pixels and their colours depend on (RFC 9649)."""

from __future__ import annotations

from pipeline.images.containers.reading import EXIF_BYTES, Truncated
from pipeline.images.strip.exif import picture_facts, reduced_exif
from pipeline.images.strip.icc import declared_bytes
from pipeline.images.strip.pieces import Pieces
from pipeline.images.strip.source import Source

LABEL = "WebP"
_CHUNKS = 100_000
_PROFILE_FLAG, _EXIF_FLAG, _XMP_FLAG = 0x20, 0x08, 0x04
_FRAME_HEAD = 16
_PICTURE = {b"VP8 ", b"VP8L", b"ALPH"}


def strip(source: Source) -> Pieces:
    """The chunks that are kept, as they are, up to the end that the file's own head names."""
    head = source.read(0, 20)
    end = 8 + int.from_bytes(head[4:8], "little")
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or end > source.size:
        raise Truncated
    body = _Walk(source).picture(12, end)
    pieces = Pieces(LABEL)
    pieces.add(b"RIFF" + (4 + body.length).to_bytes(4, "little") + b"WEBP")
    pieces.extend(body)
    return pieces


class _Walk:
    """Walks the chunks of a file, of which there may be so many in all."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = _CHUNKS

    def picture(self, at: int, end: int) -> Pieces:
        """The chunks of the whole file: of a plain one the first, of an extended one all that are known."""
        name, start, stop, after = self._chunk(at, end)
        body = Pieces(LABEL)
        if name != b"VP8X":
            if name not in _PICTURE:
                raise Truncated
            body.add(range(at, after))
            return body
        if stop - start < 10:
            raise Truncated
        flags = self._source.read(start, 10)
        rest, exif, found, has_profile = Pieces(LABEL), b"", set(), False
        while after < end:
            at = after
            name, start, stop, after = self._chunk(at, end)
            found.add(name)
            if name in _PICTURE or name == b"ANIM":
                rest.add(range(at, after))
                rest.add(bytes((stop - start) % 2 - (after - stop)))
            elif name == b"ANMF":
                self._frame(rest, range(at, after), start, stop)
            elif name == b"ICCP":
                size = declared_bytes(self._source.read(start, min(128, stop - start)), stop - start)
                has_profile |= size > 0
                self._profile(rest, range(start, start + size))
            elif name == b"EXIF" and flags[0] & _EXIF_FLAG:
                exif = reduced_exif(picture_facts(self._source.read(start, min(stop - start, EXIF_BYTES))))
        # What a flag announces and nothing shows may lie within something else.
        if (flags[0] & _EXIF_FLAG and b"EXIF" not in found) or (flags[0] & _XMP_FLAG and b"XMP " not in found):
            raise Truncated
        kept = flags[0] & ~(_PROFILE_FLAG | _EXIF_FLAG | _XMP_FLAG)
        kept |= (_PROFILE_FLAG if has_profile else 0) | (_EXIF_FLAG if exif else 0)
        body.add(_chunk(b"VP8X", bytes((kept,)) + flags[1:]))
        body.extend(rest)
        body.add(_chunk(b"EXIF", exif) if exif else b"")
        return body

    def _chunk(self, at: int, end: int) -> tuple[bytes, int, int, int]:
        """Name, start and end of a chunk's data, and where the next one begins; raise `Truncated` beyond `end`."""
        self._left -= 1
        head = self._source.read(at, 8)
        start = at + 8
        stop = start + int.from_bytes(head[4:], "little")
        if stop > end or self._left < 0:
            raise Truncated
        return head[:4], start, stop, min(stop + (stop - start) % 2, end)

    def _profile(self, rest: Pieces, data: range) -> None:
        if data:
            rest.add(b"ICCP" + len(data).to_bytes(4, "little"))
            rest.add(data)
            rest.add(bytes(len(data) % 2))

    def _frame(self, rest: Pieces, whole: range, start: int, stop: int) -> None:
        """A frame of an animation; what it may hold beside its pixels is left out."""
        kept, after = Pieces(LABEL), start + _FRAME_HEAD
        while after < stop:
            at = after
            name, _, _, after = self._chunk(at, stop)
            if name in _PICTURE:
                kept.add(range(at, after))
        if not kept.length:
            raise Truncated
        if kept.length == stop - start - _FRAME_HEAD:
            rest.add(whole)
            return
        rest.add(b"ANMF" + (_FRAME_HEAD + kept.length).to_bytes(4, "little"))
        rest.add(range(start, start + _FRAME_HEAD))
        rest.extend(kept)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2)
