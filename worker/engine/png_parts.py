"""What a PNG is made of: its frames, each of which can be read as a still picture of its own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import BinaryIO

from pipeline.images.containers.png import INFLATED_BYTES, Chunk, chunks, sound
from worker.engine.animation import Disposal
from worker.engine.splice import Piece, Spliced, merged

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
# What says how to show the pixels of every frame, beside palette and profile.
_SHARED = {b"tRNS"}
PALETTE_KIND, _PALETTE_BYTES = 3, 768
_LONGEST_NAME = 79
_DISPOSALS = {1: Disposal.CLEAR, 2: Disposal.RESTORE}
_HEAD_BYTES, _CHECKSUM_BYTES, _SEQUENCE_BYTES, _CONTROL_BYTES = 8, 4, 4, 26


@dataclass(slots=True)
class Frame:
    """One frame: its place and size in pixels, and the chunks of its pixels (`IDAT` or `fdAT`)."""

    x: int
    y: int
    width: int
    height: int
    disposal: Disposal = Disposal.KEEP
    over: bool = False
    data: list[Chunk] = field(default_factory=list)


@dataclass(slots=True)
class Parts:
    """A PNG without what decoders skip.

    `head` is the data of IHDR, `palette` 256 colours or none, `profile` an ICC profile or nothing, `still` the picture
    that programs show if they know no animation, `frames` the animation, if there is one. `skipped` says that damaged
    chunks were left out, `disordered` that frames were, because their numbers are wrong, and `ended` that the file has
    its end.
    """

    head: bytes
    still: Frame
    palette: bytes = b""
    profile: bytes = b""
    shared: list[Chunk] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    skipped: bool = False
    disordered: bool = False
    ended: bool = False


def read_parts(file: BinaryIO) -> Parts:
    """Find the parts of a PNG, as far as the file goes."""
    walk = chunks(file)
    head = file.read(next(walk).length)
    parts = Parts(head, Frame(0, 0, *struct.unpack_from(">II", head)))
    animated, number = False, 0
    for chunk in walk:
        numbered = chunk.name in (b"fcTL", b"fdAT") and animated
        if numbered and not parts.disordered:
            parts.disordered = file.read(_SEQUENCE_BYTES) != number.to_bytes(_SEQUENCE_BYTES)
            number += 1
        body = None if chunk.name in _CRITICAL or chunk.name == b"fdAT" else _body(file, chunk)
        if chunk.name == b"IEND":
            parts.ended = True
        elif chunk.name == b"IDAT":
            parts.still.data.append(chunk)
        elif chunk.name == b"PLTE":
            if head[9] == PALETTE_KIND and not parts.palette and not parts.still.data:
                parts.palette = _palette(sound(file, chunk, _PALETTE_BYTES) or b"")
        elif numbered and parts.disordered:
            continue
        elif chunk.name == b"fdAT":
            if parts.frames and chunk.length > _SEQUENCE_BYTES:
                parts.frames[-1].data.append(chunk)
        elif body is None:
            parts.skipped = True
        elif chunk.name in _SHARED:
            if not parts.still.data and _counts(parts, chunk):
                parts.shared.append(chunk)
        elif chunk.name == b"iCCP":
            if not parts.still.data:
                parts.profile = parts.profile or _profile(body)
        elif chunk.name == b"acTL":
            animated = not parts.still.data
        elif numbered and len(body) == _CONTROL_BYTES:
            frame = _frame(body)
            if not parts.still.data:
                frame.data = parts.still.data
            parts.frames.append(frame)
    return parts


def _body(file: BinaryIO, chunk: Chunk) -> bytes | None:
    return sound(file, chunk, INFLATED_BYTES) if chunk.name == b"iCCP" else sound(file, chunk)


def _palette(data: bytes) -> bytes:
    """All 256 colours: pixels beyond the last one look like it, as in Chromium."""
    colours = data[: len(data) // 3 * 3]
    return colours + colours[-3:] * ((_PALETTE_BYTES - len(colours)) // 3)


def _profile(data: bytes) -> bytes:
    """The profile of an iCCP chunk; if libpng would take none of it, the chunk's own data, which is no profile."""
    name, _, rest = data.partition(b"\0")
    inflater = zlib.decompressobj()
    with suppress(zlib.error):
        found = inflater.decompress(rest[1:], INFLATED_BYTES)
        if inflater.eof and rest[0] == 0 and 1 <= len(name) <= _LONGEST_NAME:
            return found
    return data


def _counts(parts: Parts, chunk: Chunk) -> bool:
    """Whether decoders heed it: the first of its kind, and transparency only behind the palette that it is of."""
    early = chunk.name == b"tRNS" and parts.head[9] == PALETTE_KIND and not parts.palette
    return not early and all(chunk.name != other.name for other in parts.shared)


def _frame(body: bytes) -> Frame:
    width, height, x, y, disposal, blend = struct.unpack(">4x4I4xBB", body)
    return Frame(x, y, width, height, _DISPOSALS.get(disposal, Disposal.KEEP), bool(blend))


def alone(file: BinaryIO, parts: Parts, frame: Frame, most: int | None = None) -> Spliced:
    """A still PNG of one frame, with the first `most` bytes of its pixels' data."""
    return Spliced(file, merged(_pieces(parts, frame, inf if most is None else most)))


def _pieces(parts: Parts, frame: Frame, left: float) -> Iterator[Piece]:
    size = struct.pack(">II", frame.width, frame.height)
    yield _SIGNATURE + _chunk(b"IHDR" + size + parts.head[8:])
    if parts.palette:
        yield _chunk(b"PLTE" + parts.palette)
    for chunk in parts.shared:
        yield chunk.at - _HEAD_BYTES, _HEAD_BYTES + chunk.length + _CHECKSUM_BYTES
    for chunk in frame.data:
        skip = _SEQUENCE_BYTES if chunk.name == b"fdAT" else 0
        length = int(min(chunk.length - skip, left))
        left -= length
        yield struct.pack(">I", length) + b"IDAT"
        yield chunk.at + skip, length
        yield bytes(_CHECKSUM_BYTES)  # nobody looks at it: zlib has its own
    yield _chunk(b"IEND")


def _chunk(body: bytes) -> bytes:
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
