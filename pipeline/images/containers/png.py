"""PNG and APNG: the chunks' headers from the first to the last (W3C PNG, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.errors import InflatesTooMuch, UnsupportedKind
from pipeline.images.containers.reading import EXIF_BYTES, Truncated, orientation_of, take
from pipeline.images.header import Format, Header, upright

# A 250-megapixel picture in pieces of 8 KB, the usual buffer of an encoder, has fewer.
_CHUNKS = 200_000
_MOST_FRAMES = 20_000
_LONGEST = 2**31 - 1
_PIECE = 64 * 1024
# What is read of a chunk unless more is asked for: a damaged length must not ask for two gigabytes at once.
_SMALL = 1024

# How much one compressed chunk of metadata may hold; a colour profile or XMP of a real picture has less.
INFLATED_BYTES = 8 * 1024 * 1024
_INFLATED_IN_ALL = 32 * 1024 * 1024
_INFLATED_AT_ONCE = 256 * 1024
_COMPRESSED = {b"iCCP": "colour profile", b"zTXt": "text", b"iTXt": "text"}
_PIXELS = {b"IDAT", b"fdAT"}

# What tells the colours, each with its length; of two of a kind the first counts.
_COLOURS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"cLLI": 8, b"mDCV": 24}
_LAST_INTENT = 3

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its name, and where its data is in the file, in bytes; four bytes of checksum follow."""

    name: bytes
    at: int
    length: int


def chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """The chunks from the start of a seekable stream, IHDR first and IEND last; ends quietly where the file is cut off
    within a chunk's head. The last one may be longer than what is left of the file. The stream is at the data of each.

    Raises `Truncated`, and `UnsupportedKind` for what Apple's tools make for its own devices.
    """
    stream.seek(0)
    if take(stream, 8) != b"\x89PNG\r\n\x1a\n":
        raise Truncated
    at = 8
    for number in range(_CHUNKS):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return
        found = Chunk(head[4:], at + 8, int.from_bytes(head[:4]))
        if not number and found.name == b"CgBI":
            raise UnsupportedKind("PNG", "iPhone-optimised (CgBI)")
        if not number and (found.name, found.length) != (b"IHDR", 13):
            raise Truncated
        yield found
        if found.name == b"IEND" or found.length > _LONGEST:
            return
        at = found.at + found.length + 4


def sound(stream: BinaryIO, chunk: Chunk, most: int = _SMALL) -> bytes | None:
    """The first `most` bytes of a chunk's data; None if decoders skip it: it is cut off, or its checksum is wrong."""
    stream.seek(chunk.at)
    data = stream.read(min(chunk.length, most))
    left, checksum = chunk.length - len(data), zlib.crc32(data, zlib.crc32(chunk.name))
    while left > 0 and (piece := stream.read(min(left, _PIECE))):
        left, checksum = left - len(piece), zlib.crc32(piece, checksum)
    return data if not left and stream.read(4) == checksum.to_bytes(4) else None


def read(stream: BinaryIO) -> Header:
    """Read all chunks: EXIF may follow the pixels, and each frame tells its own duration."""
    size = stream.seek(0, 2)
    width, height, bits, kind = 0, 0, 0, 0
    declared, frames, orientation, seconds, held, inflated = 1, 0, 1, 0.0, 0, 0
    colours: dict[bytes, bytes] = {}
    clear, pixels, turned = False, False, False
    for chunk in chunks(stream):
        name, length = chunk.name, chunk.length
        if name == b"IHDR":
            width, height, bits, kind = struct.unpack(">IIBB", take(stream, 10))
        if length > size:
            break  # The decoder will say that the file is cut.
        if name not in _PIXELS:
            held += length
        if name == b"IDAT":
            pixels = True
        elif name == b"acTL" and length == 8 and (data := sound(stream, chunk)):
            declared = int.from_bytes(data[:4])
        elif name == b"fcTL" and length == 26 and (data := sound(stream, chunk)):
            numerator, denominator = struct.unpack_from(">HH", data, 20)
            frames, seconds = frames + 1, seconds + numerator / (denominator or 100)
            if frames > _MOST_FRAMES:
                break  # more than are accepted
        elif _COLOURS.get(name) == length and not pixels and (data := sound(stream, chunk)):
            colours.setdefault(name, data)
        elif name == b"tRNS" and not pixels:
            clear = kind in (0, 2) and sound(stream, chunk) is not None
        elif name == b"eXIf" and not turned and (data := sound(stream, chunk, EXIF_BYTES)):
            orientation, turned = orientation_of(data), True
        elif name in _COMPRESSED and inflated <= _INFLATED_IN_ALL:
            inflated += _inflated(name, stream.read(min(length, INFLATED_BYTES)))
    if kind not in _CHANNELS or bits not in (1, 2, 4, 8, 16):
        raise Truncated
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
        color=_code_points(colours.get(b"cICP", bytes(4))),
        peak_nits=_peak(colours),
        measured=_measured(colours),
        clear=clear,
    )


def _code_points(cicp: bytes) -> tuple[int, int] | None:
    """Primaries and transfer; none of a picture whose samples do not use their full range, as in Chromium."""
    return (cicp[0], cicp[1]) if cicp[3] == 1 else None


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
    """How many bytes the compressed part of a chunk of metadata holds, or about as many as come before it turns out to
    be damaged; raises `InflatesTooMuch`."""
    data = chunk.partition(b"\0")[2][1:]
    if name == b"iTXt":
        if chunk.partition(b"\0")[2][:1] != b"\x01":
            return 0
        data = data[1:].partition(b"\0")[2].partition(b"\0")[2]
    inflater, found = zlib.decompressobj(), 0
    while data and found <= INFLATED_BYTES:
        try:
            found += len(inflater.decompress(data, _INFLATED_AT_ONCE))
        except zlib.error:
            return found + _INFLATED_AT_ONCE
        data = inflater.unconsumed_tail
    if found > INFLATED_BYTES:
        raise InflatesTooMuch(_COMPRESSED[name], len(chunk), INFLATED_BYTES)
    return found
