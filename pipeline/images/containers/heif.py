"""HEIC and AVIF: the primary item's properties, and a sequence's track (ISO/IEC 23008-12 and 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from pipeline.errors import UnsupportedKind
from pipeline.images.containers.boxes import boxes, first_boxes, top_boxes
from pipeline.images.containers.items import Items, Property, read_items
from pipeline.images.containers.reading import Truncated, take
from pipeline.images.header import Format, Header, upright

_META_BYTES = 4 * 1024 * 1024
# The name of what an auxiliary picture is for comes first.
_AUX_BYTES = 1024

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""

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

_OTHER_CODINGS = {
    b"avc1": "AVC-coded",
    b"jpeg": "JPEG-coded",
    b"j2k1": "JPEG-2000-coded",
    b"vvc1": "VVC-coded",
    b"evc1": "EVC-coded",
    b"unci": "uncompressed",
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
    clap: bytes = b""


@dataclass(slots=True)
class _Track:
    """What the picture track of a sequence says."""

    width: int = 0
    height: int = 0
    frames: int = 0
    duration_ms: int = 0


def read_heic(stream: BinaryIO) -> Header:
    """The still picture of a HEIC file; a burst or a Live Photo shows its primary one."""
    return _read(stream, Format.HEIC)


def read_avif(stream: BinaryIO) -> Header:
    """The picture of an AVIF file, or the sequence it holds."""
    return _read(stream, Format.AVIF)


def items_of(stream: BinaryIO) -> Items | None:
    """The items of a file, read from its start; None if it has no `meta` box."""
    for name, _, size in top_boxes(stream):
        if name == b"meta":
            return read_items(_body(stream, size)[4:])
    return None


def cropped(stream: BinaryIO) -> Box | None:
    """The part of an AVIF, before it is turned, that is shown; None for all of it."""
    items = items_of(stream)
    return _avif_crop(_described(items)) if items else None


def placed(items: Items, kind: Format) -> tuple[Box | None, int]:
    """The part of the primary picture that is shown, and the EXIF orientation by which that must be turned."""
    item = _described(items)
    crop = _avif_crop(item) if kind is Format.AVIF else _heic_crop(item)
    return crop, _ORIENTATIONS[item.turns, item.mirror]


def _read(stream: BinaryIO, kind: Format) -> Header:
    item, tracks, found = _Item(), [_Track()], set()
    for name, _, size in top_boxes(stream):
        if name in found:
            continue  # of two of a kind the first counts
        if name == b"meta":
            found.add(name)
            items = read_items(_body(stream, size)[4:])
            _check_coding(items)
            item = _described(items)
            if kind is Format.HEIC:
                break
        elif name == b"moov" and kind is Format.AVIF:
            found.add(name)
            tracks += [_track(body) for box, body in boxes(_body(stream, size)) if box == b"trak"]
    track = max(tracks, key=lambda track: track.frames)
    if not item.width:
        item.width, item.height = track.width, track.height
    if not item.width or not item.height:
        raise Truncated
    orientation = _ORIENTATIONS[item.turns, item.mirror]
    crop = _avif_crop(item) if kind is Format.AVIF else _heic_crop(item)
    shown = crop[2:] if crop else (max(item.width, track.width), max(item.height, track.height))
    width, height = upright(shown[0], shown[1], orientation)
    return Header(
        format=kind,
        width=width,
        height=height,
        # libheif turns a HEIC itself.
        orientation=orientation if kind is Format.AVIF else 1,
        frames=max(1, track.frames),
        duration_ms=track.duration_ms,
        samples=item.samples,
        bits=item.bits,
        color=item.color,
        peak_nits=item.brightest or item.mastered,
        coded_pixels=item.width * item.height,
    )


def _body(stream: BinaryIO, size: int) -> bytes:
    if size > _META_BYTES:
        raise Truncated
    return take(stream, size)


def _check_coding(items: Items) -> None:
    if coding := _OTHER_CODINGS.get(items.coding):
        raise UnsupportedKind("HEIF picture", coding)


def _described(items: Items) -> _Item:
    """What the properties of the primary item say, and the coding of all items."""
    item = _Item()
    try:
        item.bits, item.samples = _coding(items.known)
        for name, body in items.properties[items.primary]:
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
    elif name == b"clap":
        item.clap = body
    elif name == b"colr" and body[:4] == b"nclx" and len(body) >= 8:
        item.color = struct.unpack_from(">HH", body, 4)
    elif name == b"clli":
        (item.brightest,) = struct.unpack_from(">H", body)
    elif name == b"mdcv":
        item.mastered = struct.unpack_from(">I", body, 16)[0] // 10_000


def _aperture(item: _Item) -> tuple[Fraction, Fraction, Fraction, Fraction] | None:
    """Left, top, width and height of the clean aperture; None if there is none or it makes no sense."""
    if len(item.clap) < 32:
        return None
    numbers = struct.unpack(">4I", item.clap[:16]) + struct.unpack(">iIiI", item.clap[16:32])
    if not all(numbers[1::2]):
        return None
    width, height, right, below = (Fraction(numbers[at], numbers[at + 1]) for at in (0, 2, 4, 6))
    left = right + Fraction(item.width - 1, 2) - (width - 1) / 2
    top = below + Fraction(item.height - 1, 2) - (height - 1) / 2
    fits = width > 0 and height > 0 and left + width <= item.width and top + height <= item.height
    return (left, top, width, height) if fits else None


def _heic_crop(item: _Item) -> Box | None:
    """The part of a HEIC that libheif hands out: its numbers are rounded."""
    if (found := _aperture(item)) is None:
        return None
    left, top, width, height = found
    return max(0, int(left)), max(0, int(top)), round(width), round(height)


def _avif_crop(item: _Item) -> Box | None:
    """The part of an AVIF that Chromium shows: all of it, unless the aperture begins at the top left and is in whole
    pixels."""
    if (found := _aperture(item)) is None:
        return None
    left, top, width, height = found
    if left or top or width.denominator > 1 or height.denominator > 1:
        return None
    return 0, 0, int(width), int(height)


def _coding(properties: Iterable[Property]) -> tuple[int, float]:
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
            kind = body[:_AUX_BYTES]
            alpha = alpha or b"alpha" in kind or b"auxid:1" in kind
    return bits, samples + alpha


def _track(trak: bytes) -> _Track:
    """A picture track; one of another kind (alpha, sound) tells no frames."""
    try:
        parts = first_boxes(trak)
        media = first_boxes(parts[b"mdia"])
        if media[b"hdlr"][8:12] != b"pict":
            return _Track()
        width, height = struct.unpack(">II", parts[b"tkhd"][-8:])
        mdhd = media[b"mdhd"]
        scale, duration = struct.unpack_from(">IQ" if mdhd[0] else ">II", mdhd, 20 if mdhd[0] else 12)
        table = first_boxes(first_boxes(media[b"minf"])[b"stbl"])
        (frames,) = struct.unpack_from(">I", table[b"stsz"], 8)
    except (KeyError, IndexError, struct.error):
        raise Truncated from None
    return _Track(width >> 16, height >> 16, frames, round(duration * 1000 / scale) if scale else 0)
