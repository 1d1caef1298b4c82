"""HEIC and AVIF: the header, from the primary item and a sequence's track (ISO/IEC 23008-12 and 14496-12)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.errors import UnsupportedKind
from pipeline.images.containers.boxes import boxes, first_boxes, top_boxes
from pipeline.images.containers.items import Items, read_items
from pipeline.images.containers.primary_item import Box, PrimaryItem, describe
from pipeline.images.containers.reading import Truncated, take
from pipeline.images.header import Format, Header, upright

_META_BYTES = 4 * 1024 * 1024

_OTHER_CODINGS = {
    b"avc1": "AVC-coded",
    b"jpeg": "JPEG-coded",
    b"j2k1": "JPEG-2000-coded",
    b"vvc1": "VVC-coded",
    b"evc1": "EVC-coded",
    b"unci": "uncompressed",
}


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
    return describe(items).crop(Format.AVIF) if items else None


def placed(items: Items, kind: Format) -> tuple[Box | None, int]:
    """The part of the primary picture that is shown, and the EXIF orientation by which that must be turned."""
    item = describe(items)
    return item.crop(kind), item.orientation


def _read(stream: BinaryIO, kind: Format) -> Header:
    item, tracks, found = PrimaryItem(), [_Track()], set()
    for name, _, size in top_boxes(stream):
        if name in found:
            continue  # of two of a kind the first counts
        if name == b"meta":
            found.add(name)
            items = read_items(_body(stream, size)[4:])
            _check_coding(items)
            item = describe(items)
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
    crop = item.crop(kind)
    shown = crop[2:] if crop else (max(item.width, track.width), max(item.height, track.height))
    width, height = upright(shown[0], shown[1], item.orientation)
    return Header(
        format=kind,
        width=width,
        height=height,
        # libheif turns a HEIC itself.
        orientation=item.orientation if kind is Format.AVIF else 1,
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
