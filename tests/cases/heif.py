"""HEIC and AVIF files put together box by box (ISO/IEC 23008-12), out of pictures that an encoder made."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

Box = tuple[bytes, bytes]


@dataclass(slots=True)
class Item:
    """One item: its type (`hvc1`, `av01`, `tmap`, …), bytes, and properties (name and body of each).

    `references` are the numbers, from 1, of the items that it refers to, by type. A hidden one is no picture by itself.
    """

    kind: bytes
    data: bytes
    properties: list[Box] = field(default_factory=list)
    references: dict[bytes, list[int]] = field(default_factory=dict)
    hidden: bool = False
    content_type: bytes = b""


def heif(
    items: Sequence[Item],
    *,
    brands: Sequence[bytes] = (b"heic", b"mif1", b"miaf"),
    alternatives: Sequence[int] = (),
) -> bytes:
    """A file whose primary item is the first; `alternatives` are items of which one is to be shown, the best first."""
    first = box(b"ftyp", brands[0] + bytes(4) + b"".join(brands))
    properties: list[Box] = []
    associations = struct.pack(">I", len(items))
    for number, item in enumerate(items, 1):
        for one in item.properties:
            if one not in properties:
                properties.append(one)
        indices = bytes(properties.index(one) + 1 | 0x80 * (one[0] in _ESSENTIAL) for one in item.properties)
        associations += struct.pack(">HB", number, len(indices)) + indices
    infos = b"".join(_info(number, item) for number, item in enumerate(items, 1))
    references = b"".join(
        box(name, struct.pack(f">HH{len(targets)}H", number, len(targets), *targets))
        for number, item in enumerate(items, 1)
        for name, targets in item.references.items()
    )
    count = struct.pack(">H", len(items))
    grouped = full(b"altr", struct.pack(f">II{len(alternatives)}I", 99, len(alternatives), *alternatives))
    before = [
        full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        full(b"pitm", struct.pack(">H", 1)),
        full(b"iinf", count + infos),
        full(b"iref", references) if references else b"",
        box(b"iprp", box(b"ipco", b"".join(box(*one) for one in properties)) + full(b"ipma", associations)),
        box(b"grpl", grouped) if alternatives else b"",
    ]
    # the table of places has one length, whatever is in it
    length = len(first) + len(_meta(before, items, 0)) + 8
    return first + _meta(before, items, length) + box(b"mdat", b"".join(item.data for item in items))


def items_of(data: bytes) -> list[Item]:
    """Those items of an encoder's file that have properties, the primary one first; none has references yet."""
    meta = next(body for name, body in boxes(data) if name == b"meta")[4:]
    inner = dict(boxes(meta))
    container = dict(boxes(inner[b"iprp"]))
    properties = list(boxes(container[b"ipco"]))
    places = _places(inner[b"iloc"], inner.get(b"idat", b""), data)
    kinds = {body[4:6]: body[8:12] for name, body in boxes(inner[b"iinf"][6:]) if name == b"infe"}
    at, found = 8, {}
    for _ in range(struct.unpack_from(">I", container[b"ipma"], 4)[0]):
        number, count = struct.unpack_from(">HB", container[b"ipma"], at)
        indices = container[b"ipma"][at + 3 : at + 3 + count]
        at += 3 + count
        kind = kinds[struct.pack(">H", number)]
        found[number] = Item(kind, places[number], [properties[(index & 0x7F) - 1] for index in indices])
    primary = struct.unpack_from(">H", inner[b"pitm"], 4)[0]
    return [found.pop(primary), *found.values()]


def box(name: bytes, body: bytes) -> bytes:
    """The bytes of a box."""
    return struct.pack(">I", 8 + len(body)) + name + body


def full(name: bytes, body: bytes, version: int = 0) -> bytes:
    """The bytes of a box with a version and no flags."""
    return box(name, bytes((version, 0, 0, 0)) + body)


def boxes(data: bytes) -> Iterator[Box]:
    """Name and body of each box."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


_ESSENTIAL = {b"hvcC", b"av1C", b"irot", b"imir", b"clap"}


def _info(number: int, item: Item) -> bytes:
    body = bytes((2, 0, 0, item.hidden)) + struct.pack(">HH", number, 0) + item.kind + b"\0"
    return box(b"infe", body + (item.content_type + b"\0" if item.kind == b"mime" else b""))


def _meta(before: Sequence[bytes], items: Sequence[Item], start: int) -> bytes:
    places = b""
    for number, item in enumerate(items, 1):
        places += struct.pack(">HHHII", number, 0, 1, start, len(item.data))
        start += len(item.data)
    iloc = full(b"iloc", b"\x44\x00" + struct.pack(">H", len(items)) + places)
    return full(b"meta", b"".join(before) + iloc)


def _places(iloc: bytes, idat: bytes, data: bytes) -> dict[int, bytes]:
    """The bytes of each item; versions 0 and 1, one extent or more."""
    version, sizes, bases = iloc[0], iloc[4], iloc[5] >> 4
    at, found = 8, {}

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(iloc[at - size : at])

    for _ in range(int.from_bytes(iloc[6:8])):
        item = number(2)
        inside = bool(version and number(2) & 15)
        at += 2
        base, extents = number(bases), number(2)
        pieces = []
        for _ in range(extents):
            start, length = base + number(sizes >> 4), number(sizes & 15)
            pieces.append((idat if inside else data)[start : start + length])
        found[item] = b"".join(pieces)
    return found
