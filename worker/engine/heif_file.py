"""A HEIC or AVIF of one coded picture, which its decoder takes whatever the file around it was like."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.images.containers.items import Property

# What says how the pixels are coded; crops and turns are left to us.
_KEPT = {b"hvcC", b"av1C", b"ispe", b"pixi", b"colr", b"a1op", b"lsel"}
_ESSENTIAL = {b"hvcC", b"av1C", b"a1op", b"lsel"}
_BRANDS = {b"hvc1": b"heic", b"av01": b"avif"}
_CONFIGURATION_BYTES = 4


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded picture: the kind of item (`hvc1` or `av01`), its bytes, its properties, and its size in pixels."""

    kind: bytes
    data: bytes
    properties: Sequence[Property]
    size: tuple[int, int]


def heif_file(picture: Coded) -> bytes:
    """The file of a picture (ISO/IEC 23008-12)."""
    brand = _BRANDS[picture.kind]
    head = _box(b"ftyp", brand + bytes(4) + b"mif1miaf" + brand)
    start = len(head) + len(_meta(picture, 0)) + 8
    return head + _meta(picture, start) + _box(b"mdat", picture.data)


def _meta(picture: Coded, start: int) -> bytes:
    kept = [_fitted(picture, *one) for one in picture.properties if one[0] in _KEPT]
    indices = bytes(0x80 * (one[0] in _ESSENTIAL) | number for number, one in enumerate(kept, 1))
    owners = struct.pack(">IHB", 1, 1, len(kept)) + indices
    return _full(
        b"meta",
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + _full(b"pitm", struct.pack(">H", 1))
        + _full(b"iinf", struct.pack(">H", 1) + _full(b"infe", struct.pack(">HH4sx", 1, 0, picture.kind), version=2))
        + _box(b"iprp", _box(b"ipco", b"".join(_box(*one) for one in kept)) + _full(b"ipma", owners))
        + _full(b"iloc", b"\x44\x00" + struct.pack(">HHHHII", 1, 1, 0, 1, start, len(picture.data))),
    )


def _fitted(picture: Coded, name: bytes, body: bytes) -> Property:
    """The property as it is of the picture, whose size may be another one than that of its item."""
    if name == b"ispe":
        return name, bytes(4) + struct.pack(">II", *picture.size)
    if name == b"av1C":  # a sequence header may follow, of the size that the item had
        return name, body[:_CONFIGURATION_BYTES]
    return name, body


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def _full(name: bytes, body: bytes, version: int = 0) -> bytes:
    return _box(name, bytes((version, 0, 0, 0)) + body)
