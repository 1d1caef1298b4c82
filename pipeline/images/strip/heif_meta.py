"""The metadata box of a HEIC or AVIF: it says which items are pictures and how they are shown (ISO/IEC 23008-12)."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.images.containers.reading import EXIF_BYTES, Truncated
from pipeline.images.strip import heif_items
from pipeline.images.strip.boxes import FREE, Box, Fields, blank_handler_name, keep_known, need
from pipeline.images.strip.coded import CodedPictures
from pipeline.images.strip.edits import Edits
from pipeline.images.strip.exif import picture_facts, reduced_exif
from pipeline.images.strip.heif_items import Item
from pipeline.images.strip.source import Source
from pipeline.images.strip.xmp import GainMapFacts, gain_map_facts, padded_packet

_XMP_BYTES = 128 * 1024
# Each is read and written again; a file has one or two of a kind.
_MOST_METADATA = 100
_KNOWN = {b"hdlr", b"pitm", b"iinf", b"iref", b"iprp", b"iloc", b"idat", b"grpl", b"dinf"}
_PIXELS = {b"hvc1", b"hev1", b"lhv1", b"av01", b"grid", b"iovl", b"iden", b"tmap"}
_PROPERTIES = {
    b"hvcC", b"lhvC", b"av1C", b"ispe", b"pixi", b"pasp", b"colr", b"irot", b"imir", b"clap", b"auxC", b"rloc",
    b"lsel", b"a1op", b"a1lx", b"clli", b"mdcv", b"cclv", b"amve", b"reve", b"ndwt", b"oinf", b"tols", b"iscl", FREE,
}  # fmt: skip
_NO_EXIF = b"MM\x00*\x00\x00\x00\x08" + bytes(6)


@dataclass(frozen=True, slots=True)
class Parts:
    """Ranges of the file: the bytes of pictures, those of metadata, which are rewritten, and the room for items."""

    pictures: list[range] = field(default_factory=list)
    metadata: list[range] = field(default_factory=list)
    spaces: list[range] = field(default_factory=list)


def keep_pictures(meta: Box, source: Source, edits: Edits) -> Parts:
    """Erase what is no picture and no property of one, and all names; say where the pictures are."""
    found = keep_known(meta.children(4), _KNOWN, edits)
    blank_handler_name(need(found, b"hdlr"), edits)
    gain_map, length_size = _keep_properties(need(found, b"iprp"), edits)
    if b"grpl" in found:
        _keep_groups(found[b"grpl"], edits)
    items = heif_items.items(need(found, b"iinf"))
    idat = found.get(b"idat")
    space = range(idat.body, idat.end) if idat else range(0)
    places = heif_items.extents(need(found, b"iloc"), space)
    small = _thumbnails(found, items, edits)
    parts, coded = Parts(spaces=[space] if idat else []), CodedPictures(source, length_size)
    if sum(item.is_xmp or item.kind == b"Exif" for item in items.values()) > _MOST_METADATA:
        raise Truncated
    for item in items.values():
        ranges = places.get(item.id, [])
        if item.is_xmp:
            edits.write(item.strings.start, b" " * len(item.name))
            parts.metadata.extend(ranges)
            _reduce_xmp(ranges, source, edits)
            continue
        edits.blank(item.strings.start, item.strings.stop)
        if item.kind == b"Exif":
            parts.metadata.extend(ranges)
            _reduce_exif(ranges, source, edits, gain_map=gain_map)
        elif item.kind in _PIXELS and item.id not in small:
            parts.pictures.extend(ranges)
            coded.check(item.kind, ranges)
        else:
            edits.write(item.kind_at, FREE)
    return parts


def _keep_properties(iprp: Box, edits: Edits) -> tuple[bool, int]:
    """Erase properties that are not of the picture.

    Return whether there is a gain map of Apple's, and how many bytes tell the length of an HEVC unit.
    """
    boxes = list(iprp.children())
    gain_map, length_size, needed = False, 4, heif_items.essential([box for box in boxes if box.name == b"ipma"])
    for box in boxes:
        if box.name == b"ipco":
            for number, prop in enumerate(box.children(), 1):
                gain_map |= prop.name == b"auxC" and b"hdrgainmap" in prop.data
                if prop.name == b"hvcC":
                    length_size = (prop.data[21] & 3) + 1
                if prop.name not in _PROPERTIES or prop.name == FREE:
                    prop.erase(edits)
                    if number in needed:
                        raise Truncated
        elif box.name != b"ipma":
            box.erase(edits)
    return gain_map, length_size


def _keep_groups(grpl: Box, edits: Edits) -> None:
    """Groups are numbers alone."""
    for box in grpl.children():
        fields = Fields(box.data, 8)
        if len(box.data) != 12 + 4 * fields.number(4):
            box.erase(edits)


def _thumbnails(found: dict[bytes, Box], items: dict[int, Item], edits: Edits) -> set[int]:
    """The ids of thumbnails; nothing refers to them any more."""
    pitm = need(found, b"pitm")
    fields = Fields(pitm.data, 4)
    primary = fields.number(4 if pitm.data[:1] == b"\x01" else 2)
    fields.finish()
    if primary not in items or items[primary].kind not in _PIXELS:
        raise Truncated
    small, references = heif_items.thumbnails(found.get(b"iref"))
    if primary in small:
        raise Truncated
    for box in references:
        edits.write(box.start + 4, FREE)
    return small


def _reduce_exif(ranges: list[range], source: Source, edits: Edits, *, gain_map: bool) -> None:
    """Write a block into the item's place that says only what belongs to the picture."""
    place = ranges[0] if ranges else range(0)
    data = source.read_some(place.start, min(len(place), EXIF_BYTES))
    facts = picture_facts(data[4 + int.from_bytes(data[:4]) :])
    _write(ranges, b"\x00\x00\x00\x06Exif\x00\x00" + (reduced_exif(facts, gain_map=gain_map) or _NO_EXIF), edits)


def _reduce_xmp(ranges: list[range], source: Source, edits: Edits) -> None:
    """Write a packet into the item's place that says only how a gain map is applied, if it is one's."""
    place = ranges[0] if ranges else range(0)
    if len(place) > _XMP_BYTES or len(ranges) > 1:
        _write(ranges, b"", edits)
        return
    facts = gain_map_facts(source.read_some(place.start, len(place)))
    _write(ranges, padded_packet(facts if facts.gain_map else GainMapFacts(), len(place)), edits)


def _write(ranges: list[range], data: bytes, edits: Edits) -> None:
    """Overwrite an item with `data` if it fits into its first part, and with zeros behind it."""
    for part in ranges:
        fits = data if len(data) <= len(part) else b""
        if fits:
            edits.write(part.start, fits)
        edits.blank(part.start + len(fits), part.stop)
        data = b""
