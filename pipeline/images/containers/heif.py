"""HEIC and AVIF: the primary item's properties, and a sequence's track (ISO/IEC 23008-12 and 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from pipeline.images.containers.reading import Truncated, take
from pipeline.images.header import Format, Header, upright

# An iPhone's picture has some 50 items and 20 KB of them; these are for what no camera writes.
_BOXES = 10_000
_META_BYTES = 4 * 1024 * 1024

# EXIF orientation by (quarter turns anticlockwise, mirror axis), as libavif's and libheif's decoders turn.
_ORIENTATIONS = {
    (0, None): 1,
    (0, 0): 4,
    (0, 1): 2,
    (1, None): 8,
    (1, 0): 5,
    (1, 1): 7,
    (2, None): 3,
    (2, 0): 2,
    (2, 1): 4,
    (3, None): 6,
    (3, 0): 7,
    (3, 1): 5,
}


@dataclass(slots=True)
class _Item:
    """What the properties of the primary item say."""

    width: int = 0
    height: int = 0
    turns: int = 0
    mirror: int | None = None
    bits: int = 8
    samples: float = 3.0
    color: tuple[int, int] | None = None
    brightest: int = 0
    mastered: int = 0


@dataclass(slots=True)
class _Track:
    """What the picture track of a sequence says."""

    width: int = 0
    height: int = 0
    frames: int = 0
    duration_ms: int = 0


@dataclass(slots=True)
class _Found:
    item: _Item | None = None
    tracks: list[_Track] = field(default_factory=list)


def read_heic(stream: BinaryIO) -> Header:
    """The still picture of a HEIC file; a burst or a Live Photo shows its primary one."""
    return _read(stream, Format.HEIC)


def read_avif(stream: BinaryIO) -> Header:
    """The picture of an AVIF file, or the sequence it holds."""
    return _read(stream, Format.AVIF)


def _read(stream: BinaryIO, kind: Format) -> Header:
    found = _Found()
    for name, size in _top_boxes(stream):
        if name == b"meta" and found.item is None:
            found.item = _primary(_body(stream, size)[4:])
        elif name == b"moov" and kind is Format.AVIF:
            found.tracks = [_track(body) for box, body in _boxes(_body(stream, size)) if box == b"trak"]
        else:
            stream.seek(size, 1)
    track = max(found.tracks, key=lambda track: track.frames, default=_Track())
    item = found.item or _Item(track.width, track.height)
    if not item.width or not item.height:
        raise Truncated
    orientation = _ORIENTATIONS[item.turns, item.mirror]
    width, height = upright(item.width, item.height, orientation)
    return Header(
        format=kind,
        width=max(width, track.width),
        height=max(height, track.height),
        # libheif turns a HEIC itself.
        orientation=orientation if kind is Format.AVIF else 1,
        frames=max(1, track.frames),
        duration_ms=track.duration_ms,
        samples=item.samples,
        bits=item.bits,
        color=item.color,
        peak_nits=item.brightest or item.mastered,
    )


def _top_boxes(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Name and size of each box's body; the stream stands at its start, and must be left at its end."""
    for _ in range(_BOXES):
        head = stream.read(8)
        if len(head) < 8:
            return
        size, name = int.from_bytes(head[:4]), head[4:]
        if size == 1:
            size = int.from_bytes(take(stream, 8)) - 8
        if size == 0 or size - 8 >= 1 << 62:
            return
        if size < 8:
            raise Truncated
        yield name, size - 8


def _body(stream: BinaryIO, size: int) -> bytes:
    if size > _META_BYTES:
        raise Truncated
    return take(stream, size)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 0
    for _ in range(_BOXES):
        if start + 8 > len(data):
            return
        size = int.from_bytes(data[start : start + 4])
        if size < 8 or start + size > len(data):
            raise Truncated
        yield data[start + 4 : start + 8], data[start + 8 : start + size]
        start += size


def _primary(meta: bytes) -> _Item:
    """The properties of the primary item, which a `pitm` box names."""
    boxes = dict(_boxes(meta))
    try:
        pitm = boxes[b"pitm"]
        primary = int.from_bytes(pitm[4:8] if pitm[0] else pitm[4:6])
        inner = dict(_boxes(boxes[b"iprp"]))
        properties = list(_boxes(inner[b"ipco"]))
        numbers = _associations(inner[b"ipma"])[primary]
        item = _Item()
        item.bits, item.samples = _coding(properties)
        for number in numbers:
            name, body = properties[number - 1]
            _apply(item, name, body)
    except (KeyError, IndexError, struct.error):
        raise Truncated from None
    return item


def _apply(item: _Item, name: bytes, body: bytes) -> None:
    if name == b"ispe":
        item.width, item.height = struct.unpack_from(">II", body, 4)
    elif name == b"irot":
        item.turns = body[0] & 3
    elif name == b"imir":
        item.mirror = body[0] & 1
    elif name == b"colr" and body[:4] == b"nclx" and len(body) >= 8:
        item.color = struct.unpack_from(">HH", body, 4)
    elif name == b"clli":
        (item.brightest,) = struct.unpack_from(">H", body)
    elif name == b"mdcv":
        item.mastered = struct.unpack_from(">I", body, 16)[0] // 10_000


def _coding(properties: list[tuple[bytes, bytes]]) -> tuple[int, float]:
    """Bits of a sample, and samples of a pixel: the most that any picture of the file has, and alpha."""
    bits, samples, alpha = 8, 1.0, False
    for name, body in properties:
        if name == b"hvcC":
            bits = max(bits, 8 + (body[17] & 7))
            samples = max(samples, (1.0, 1.5, 2.0, 3.0)[body[16] & 3])
        elif name == b"av1C":
            flags = body[2]
            bits = max(bits, (12 if flags & 0x20 else 10) if flags & 0x40 else 8)
            samples = max(samples, 1.0 if flags & 0x10 else {0xC: 1.5, 0x8: 2.0}.get(flags & 0xC, 3.0))
        elif name == b"auxC":
            alpha = alpha or b"alpha" in body or b"auxid:1" in body
    return bits, samples + alpha


def _associations(ipma: bytes) -> dict[int, list[int]]:
    """For each item the numbers of its properties, from 1; 0 stands for none and is left out."""
    wide_id, wide_index = ipma[0] > 0, ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    at, found = 8, {}
    for _ in range(min(count, _BOXES)):
        item, kinds = struct.unpack_from(">IB" if wide_id else ">HB", ipma, at)
        at += 5 if wide_id else 3
        numbers = []
        for _ in range(kinds):
            (value,) = struct.unpack_from(">H" if wide_index else ">B", ipma, at)
            numbers.append(value & (0x7FFF if wide_index else 0x7F))
            at += 2 if wide_index else 1
        found[item] = [number for number in numbers if number]
    return found


def _track(trak: bytes) -> _Track:
    """A picture track; one of another kind (alpha, sound) tells no frames."""
    try:
        boxes = dict(_boxes(trak))
        media = dict(_boxes(boxes[b"mdia"]))
        if media[b"hdlr"][8:12] != b"pict":
            return _Track()
        width, height = struct.unpack(">II", boxes[b"tkhd"][-8:])
        mdhd = media[b"mdhd"]
        scale, duration = struct.unpack_from(">IQ" if mdhd[0] else ">II", mdhd, 20 if mdhd[0] else 12)
        table = dict(_boxes(dict(_boxes(media[b"minf"]))[b"stbl"]))
        (frames,) = struct.unpack_from(">I", table[b"stsz"], 8)
    except (KeyError, IndexError, struct.error):
        raise Truncated from None
    return _Track(width >> 16, height >> 16, frames, round(duration * 1000 / scale) if scale else 0)
