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

# What tells the colours, each with its length; of two of a kind the first counts.
_COLOURS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"cLLI": 8, b"mDCV": 24}
_LAST_INTENT = 3

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
    colours: dict[bytes, bytes] = {}
    clear, pixels = False, False
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
        elif name == b"IDAT":
            pixels = True
        elif _COLOURS.get(name) == length and not pixels:
            colours.setdefault(name, take(stream, length))
            used = length
        elif name == b"tRNS" and not pixels:
            clear = kind in (0, 2)
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
        color=(colours[b"cICP"][0], colours[b"cICP"][1]) if b"cICP" in colours else None,
        peak_nits=_peak(colours),
        measured=_measured(colours),
        clear=clear,
    )


def _peak(colours: dict[bytes, bytes]) -> int:
    """The brightest light in nits, of the picture or else of the display it was made on; 0 if unknown."""
    picture = int.from_bytes(colours.get(b"cLLI", b"")[:4])
    display = int.from_bytes(colours.get(b"mDCV", b"")[16:20])
    return (picture or display) // 10_000


def _measured(colours: dict[bytes, bytes]) -> tuple[float, tuple[float, ...]] | None:
    """Gamma and chromaticities. sRGB counts before them, and cHRM says nothing without gAMA."""
    gamma = int.from_bytes(colours.get(b"gAMA", b""))
    if not gamma or colours.get(b"sRGB", b"\xff")[0] <= _LAST_INTENT:
        return None
    points = struct.unpack(">8I", colours[b"cHRM"]) if b"cHRM" in colours else ()
    return gamma / 100_000, tuple(value / 100_000 for value in points)


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
