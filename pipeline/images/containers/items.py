"""The items of a HEIF file: what they are, what they look like, and where they are (ISO/IEC 23008-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.images.containers.boxes import MOST_BOXES, boxes, first_boxes
from pipeline.images.containers.reading import Truncated

Property = tuple[bytes, bytes]

# Each item of a file has some four properties.
_MOST_ASSOCIATIONS = 4 * MOST_BOXES


@dataclass(frozen=True, slots=True)
class Items:
    """What the `meta` box says. `extents` are offset and length in bytes of an item's data in the file, `references`
    the items that one refers to, by the kind of reference."""

    primary: int
    kinds: dict[int, bytes] = field(default_factory=dict)
    properties: dict[int, list[Property]] = field(default_factory=dict)
    extents: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    references: dict[tuple[bytes, int], list[int]] = field(default_factory=dict)

    @property
    def known(self) -> list[Property]:
        """The properties that any item has, each once: thousands of items may share one."""
        return list({id(one): one for each in self.properties.values() for one in each}.values())

    @property
    def tiles(self) -> list[int]:
        """The items that the primary one is put together from; itself if it is none of that kind."""
        return self.references.get((b"dimg", self.primary)) or [self.primary]

    @property
    def coding(self) -> bytes:
        """How the primary picture is coded, by the kind of item that holds it: `hvc1`, `av01` and others."""
        return self.kinds.get(self.tiles[0], b"")


def read_items(meta: bytes) -> Items:
    """Read the body of a `meta` box, behind its version; raises `Truncated` if it names no primary picture."""
    found = first_boxes(meta)
    try:
        pitm = found[b"pitm"]
        primary = int.from_bytes(pitm[4:8] if pitm[0] else pitm[4:6])
        return Items(
            primary,
            dict(_kinds(found.get(b"iinf", b""))),
            _properties(first_boxes(found[b"iprp"])),
            dict(_extents(found[b"iloc"])) if b"iloc" in found else {},
            dict(_references(found.get(b"iref", b""))),
        )
    except (KeyError, IndexError, struct.error):
        raise Truncated from None


def _kinds(iinf: bytes) -> Iterator[tuple[int, bytes]]:
    for name, body in boxes(iinf[8 if iinf[:1] > b"\0" else 6 :]):
        if name == b"infe" and len(body) > 12 and body[0] >= 2:
            wide = body[0] >= 3
            at = 8 if wide else 6
            yield int.from_bytes(body[4:at]), body[at + 2 : at + 6]


def _properties(iprp: dict[bytes, bytes]) -> dict[int, list[Property]]:
    known = list(boxes(iprp[b"ipco"]))
    return {
        item: [known[number - 1] for number in numbers if 0 < number <= len(known)]
        for item, numbers in _associations(iprp[b"ipma"]).items()
    }


def _associations(ipma: bytes) -> dict[int, list[int]]:
    """For each item the numbers of its properties, from 1; 0 stands for none."""
    wide_id, wide_index = ipma[0] > 0, ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    at, found, left = 8, {}, _MOST_ASSOCIATIONS
    for _ in range(min(count, MOST_BOXES)):
        item, kinds = struct.unpack_from(">IB" if wide_id else ">HB", ipma, at)
        at += 5 if wide_id else 3
        if (left := left - kinds) < 0:
            raise Truncated
        values = struct.unpack_from(f">{kinds}{'H' if wide_index else 'B'}", ipma, at)
        at += kinds * (2 if wide_index else 1)
        found[item] = [value & (0x7FFF if wide_index else 0x7F) for value in values]
    return found


def _extents(iloc: bytes) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Those in the file itself; what lies in the `meta` box or in other files is left out."""
    version, sizes = iloc[0], iloc[4:6]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version else 0
    wide = version >= 2
    at, left = 6, MOST_BOXES

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(iloc):
            raise IndexError
        return int.from_bytes(iloc[at - size : at])

    for _ in range(min(number(4 if wide else 2), MOST_BOXES)):
        item = number(4 if wide else 2)
        elsewhere = version > 0 and number(2) & 15
        elsewhere = number(2) or elsewhere
        base, count = number(base_size), number(2)
        if (left := left - count) < 0:
            return
        extents = []
        for _ in range(count):
            number(index_size)
            start = number(offset_size)
            extents.append((base + start, number(length_size)))
        if not elsewhere:
            yield item, extents


def _references(iref: bytes) -> Iterator[tuple[tuple[bytes, int], list[int]]]:
    kind = ">I" if iref[:1] > b"\0" else ">H"
    size = struct.calcsize(kind)
    for name, body in boxes(iref[4:]):
        (item,) = struct.unpack_from(kind, body)
        (count,) = struct.unpack_from(">H", body, size)
        yield (name, item), list(struct.unpack_from(f">{count}{kind[1]}", body, size + 2))
