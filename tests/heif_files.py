"""HEIC and AVIF files put together box by box: grids, overlays, thumbnails, gain maps, and what cameras add."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image

from tests.render_fixtures import encoded

APPLE_GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap"


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def full(name: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4]) or len(data) - at
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


@dataclass
class Item:
    """An item; `properties` are whole boxes, `refers` maps kinds of reference to the ids of other items."""

    id: int
    kind: bytes
    data: bytes
    properties: list[bytes] = field(default_factory=list)
    refers: dict[bytes, list[int]] = field(default_factory=dict)
    content_type: bytes = b""
    name: bytes = b""
    in_idat: bool = False


def coded(picture: Image.Image, item_id: int, kind: str = "HEIF", **options: object) -> Item:
    """A picture as one coded item, with the properties that its encoder gave it."""
    data = encoded(picture, kind, **options)
    found = dict(boxes(data))
    meta = dict(boxes(found[b"meta"][4:]))
    properties = [box(name, body) for name, body in boxes(dict(boxes(meta[b"iprp"]))[b"ipco"])]
    needed = (b"hvcC", b"av1C", b"ispe", b"pixi", b"colr")
    return Item(
        item_id,
        b"hvc1" if kind == "HEIF" else b"av01",
        found[b"mdat"],
        [prop for prop in properties if prop[4:8] in needed],
    )


def size_property(width: int, height: int) -> bytes:
    return full(b"ispe", struct.pack(">II", width, height))


def rotation(quarters: int) -> bytes:
    return box(b"irot", bytes((quarters,)))


def auxiliary(kind: bytes) -> bytes:
    return full(b"auxC", kind + b"\0")


def grid(item_id: int, rows: int, columns: int, tiles: list[Item], size: tuple[int, int]) -> Item:
    data = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, *size)
    return Item(
        item_id, b"grid", data, [size_property(*size)], {b"dimg": [tile.id for tile in tiles]}, in_idat=True
    )  # fmt: skip


def overlay(item_id: int, parts: list[tuple[Item, int, int]], size: tuple[int, int]) -> Item:
    data = struct.pack(">BB4HHH", 0, 0, 0, 0, 0, 65535, *size)
    data += b"".join(struct.pack(">hh", x, y) for _, x, y in parts)
    return Item(
        item_id, b"iovl", data, [size_property(*size)], {b"dimg": [part.id for part, _, _ in parts]}, in_idat=True
    )


def file(
    items: list[Item], primary: int, *, avif: bool = False, meta: bytes = b"", between: bytes = b"", behind: bytes = b""
) -> bytes:
    """The file of these items; `meta` are more boxes in the metadata, `between` before the data, `behind` after."""
    brands = b"avif\0\0\0\0mif1avifmiaf" if avif else b"heic\0\0\0\0mif1heicmiaf"
    properties: list[bytes] = []
    for item in items:
        properties += [prop for prop in item.properties if prop not in properties]
    head = box(b"ftyp", brands)
    idat = b"".join(item.data for item in items if item.in_idat)
    start = len(head) + len(_meta(items, primary, properties, idat, meta, 0)) + len(between) + 8
    data = b"".join(item.data for item in items if not item.in_idat)
    return head + _meta(items, primary, properties, idat, meta, start) + between + box(b"mdat", data) + behind


def _meta(items: list[Item], primary: int, properties: list[bytes], idat: bytes, more: bytes, start: int) -> bytes:
    infos, places, links, owners, in_idat = b"", b"", b"", b"", 0
    for item in items:
        strings = item.name + b"\0" + (item.content_type + b"\0" if item.kind == b"mime" else b"")
        infos += full(b"infe", struct.pack(">HH4s", item.id, 0, item.kind), strings, version=2)
        at = in_idat if item.in_idat else start
        places += struct.pack(">HHHHII", item.id, int(item.in_idat), 0, 1, at, len(item.data))
        in_idat, start = (in_idat + len(item.data), start) if item.in_idat else (in_idat, start + len(item.data))
        for kind, ids in item.refers.items():
            links += box(kind, struct.pack(f">HH{len(ids)}H", item.id, len(ids), *ids))
        numbers = bytes(
            0x80 * (prop[4:8] in (b"hvcC", b"av1C", b"irot")) | properties.index(prop) + 1 for prop in item.properties
        )
        owners += struct.pack(">HB", item.id, len(numbers)) + numbers
    return full(
        b"meta",
        full(b"hdlr", bytes(4) + b"pict" + bytes(12) + b"PLANTED-handler\0"),
        full(b"pitm", struct.pack(">H", primary)),
        full(b"iloc", b"\x44\x00", struct.pack(">H", len(items)), places, version=1),
        full(b"iinf", struct.pack(">H", len(items)), infos),
        full(b"iref", links) if links else b"",
        box(b"iprp", box(b"ipco", *properties), full(b"ipma", struct.pack(">I", len(items)), owners)),
        box(b"idat", idat) if idat else b"",
        more,
    )  # fmt: skip
