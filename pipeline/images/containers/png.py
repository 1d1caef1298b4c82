"""PNG and APNG: the chunks' headers from the first to the last (W3C PNG, third edition)."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

from pipeline.errors import InflatesTooMuch
from pipeline.images.containers.reading import EXIF_BYTES, Truncated, orientation_of, take
from pipeline.images.header import Format, Header, upright

# A 250-megapixel picture in pieces of 8 KB, the usual buffer of an encoder, has fewer.
_CHUNKS = 200_000

# How much one compressed chunk of metadata may hold; a colour profile or XMP of a real picture has less.
INFLATED_BYTES = 8 * 1024 * 1024
_INFLATED_IN_ALL = 32 * 1024 * 1024
_COMPRESSED = {b"iCCP": "colour profile", b"zTXt": "text", b"iTXt": "text"}
_PIXELS = {b"IDAT", b"fdAT"}

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def read(stream: BinaryIO) -> Header:
    """Read all chunks: EXIF may follow the pixels, and each frame tells its own duration."""
    size = stream.seek(0, 2)
    stream.seek(0)
    if take(stream, 16) != b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR":
        raise Truncated
    width, height, bits, kind = struct.unpack(">IIBB", take(stream, 10))
    stream.seek(3 + 4, 1)
    if kind not in _CHANNELS or bits not in (1, 2, 4, 8, 16):
        raise Truncated
    declared, frames, orientation, seconds, held, inflated = 1, 0, 1, 0.0, 0, 0
    meaning: tuple[int, int] | None = None
    for _ in range(_CHUNKS):
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            break
        length, name = int.from_bytes(head[:4]), head[4:]
        if length > size:
            break  # The decoder will say that the file is cut.
        used = 0
        if name not in _PIXELS:
            held += length
        if name == b"acTL" and length == 8:
            declared = int.from_bytes(take(stream, 4))
            used = 4
        elif name == b"fcTL" and length == 26:
            numerator, denominator = struct.unpack_from(">HH", take(stream, 26), 20)
            frames, seconds, used = frames + 1, seconds + numerator / (denominator or 100), 26
        elif name == b"cICP" and length == 4:
            primaries, transfer, used = *take(stream, 2), 2
            meaning = primaries, transfer
        elif name == b"eXIf" and length <= EXIF_BYTES:
            orientation, used = orientation_of(take(stream, length)), length
        elif name in _COMPRESSED and inflated <= _INFLATED_IN_ALL:
            used = min(length, INFLATED_BYTES)
            inflated += _inflated(name, take(stream, used))
        stream.seek(length - used + 4, 1)
    width, height = upright(width, height, orientation)
    return Header(
        format=Format.PNG,
        width=width,
        height=height,
        orientation=orientation,
        frames=max(declared, frames, 1),
        duration_ms=round(seconds * 1000),
        samples=_CHANNELS[kind],
        bits=bits,
        held=held + inflated,
        color=meaning,
    )


def _inflated(name: bytes, chunk: bytes) -> int:
    """How many bytes the compressed part of a chunk of metadata holds; raises `InflatesTooMuch`."""
    data = chunk.partition(b"\0")[2][1:]
    if name == b"iTXt":
        if chunk.partition(b"\0")[2][:1] != b"\x01":
            return 0
        data = data[1:].partition(b"\0")[2].partition(b"\0")[2]
    try:
        found = len(zlib.decompressobj().decompress(data, INFLATED_BYTES + 1))
    except zlib.error:
        return 0
    if found > INFLATED_BYTES:
        raise InflatesTooMuch(_COMPRESSED[name], len(chunk), INFLATED_BYTES)
    return found
