"""The items of a HEIC or AVIF: which there are, of which kind, and where their bytes are (ISO/IEC 14496-12, 8.11)."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip.boxes import Box, Fields

_MOST_EXTENTS = 50_000
_IN_FILE, _IN_IDAT = 0, 1
_XMP_TYPE = b"application/rdf+xml"


@dataclass(frozen=True, slots=True)
class Item:
    """An item. `kind_at` and `strings` say where in the file its kind is, and its name and what else follows it."""

    id: int
    kind: bytes
    kind_at: int
    strings: range
    name: bytes
    is_xmp: bool


def items(iinf: Box) -> dict[int, Item]:
    """All items, by their ids."""
    fields = Fields(iinf.data)
    fields.number(4)
    count = fields.number(4 if iinf.data[0] else 2)
    found: dict[int, Item] = {}
    for box in iinf.children(fields.at):
        item = _item(box)
        if item.id in found:
            raise Truncated
        found[item.id] = item
    if len(found) != count:
        raise Truncated
    return found


def _item(box: Box) -> Item:
    fields = Fields(box.data)
    version = fields.number(1)
    if box.name != b"infe" or version not in (2, 3):
        raise Truncated
    fields.number(3)
    item_id = fields.number(4 if version == 3 else 2)
    fields.number(2)
    kind_at = box.body + fields.at
    kind = fields.number(4).to_bytes(4)
    strings = range(box.body + fields.at, box.end)
    name, content_type, rest = fields.text(), fields.text(), fields.rest()
    is_xmp = kind == b"mime" and content_type == _XMP_TYPE and not rest.strip(b"\x00")
    return Item(item_id, kind, kind_at, strings, name, is_xmp)


def extents(iloc: Box, idat: range) -> dict[int, list[range]]:
    """Where in the file the bytes of each item are; `idat` is where those within the metadata are counted from."""
    fields = Fields(iloc.data)
    version = fields.number(1)
    fields.number(3)
    sizes = fields.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    if version > 2 or not length_size:
        raise Truncated
    id_size = 4 if version == 2 else 2
    found: dict[int, list[range]] = {}
    left = _MOST_EXTENTS
    for _ in range(fields.number(id_size)):
        item_id = fields.number(id_size)
        method = fields.number(2) & 15 if version else _IN_FILE
        elsewhere = fields.number(2)
        base = fields.number(base_size)
        ranges = []
        count = fields.number(2)
        left -= count
        if left < 0 or elsewhere or method not in (_IN_FILE, _IN_IDAT) or item_id in found:
            raise Truncated
        for _ in range(count):
            fields.number(index_size if version else 0)
            start = base + fields.number(offset_size) + (idat.start if method == _IN_IDAT else 0)
            length = fields.number(length_size)
            if not length or (method == _IN_IDAT and start + length > idat.stop):
                raise Truncated
            ranges.append(range(start, start + length))
        found[item_id] = ranges
    fields.finish()
    return found


def thumbnails(iref: Box | None) -> tuple[set[int], list[Box]]:
    """The ids of items that are thumbnails of others, and the boxes that say so."""
    if iref is None:
        return set(), []
    found, boxes = set(), []
    id_size = 4 if iref.data[:1] == b"\x01" else 2
    for box in iref.children(4):
        fields = Fields(box.data)
        item_id = fields.number(id_size)
        for _ in range(fields.number(2)):
            fields.number(id_size)
        fields.finish()
        if box.name == b"thmb":
            found.add(item_id)
            boxes.append(box)
    return found, boxes


def essential(ipma: list[Box]) -> set[int]:
    """The numbers, from 1 on, of properties that a reader must understand to show an item they belong to."""
    found = set()
    for box in ipma:
        fields = Fields(box.data)
        version, flags = fields.number(1), fields.number(3)
        size = 2 if flags & 1 else 1
        for _ in range(fields.number(4)):
            fields.number(4 if version else 2)
            for _ in range(fields.number(1)):
                value = fields.number(size)
                if value >> (8 * size - 1):
                    found.add(value & ((1 << (8 * size - 1)) - 1))
        fields.finish()
    return found
