"""What of an XMP packet belongs to a gain map, and packets that hold nothing else.

Ultra HDR: developer.android.com, "Ultra HDR Image Format" 1.1; Apple: the namespaces that iOS writes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.images.xmp import read_properties

PREFIX = b"http://ns.adobe.com/xap/1.0/\x00"
_MOST_BYTES, _MOST_TEXT = 256 * 1024, 100
# one for each channel
_MOST_VALUES = 3
_EMPTY = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"
_APPLE = "http://ns.apple.com/HDRGainMap/1.0/"
_APPLE_PIXELS = "http://ns.apple.com/pixeldatainfo/1.0/"
_PREFIXES = {_HDRGM: "hdrgm", _APPLE: "HDRGainMap", _APPLE_PIXELS: "apdi"}
_NAMES = {
    _HDRGM: {
        "Version", "BaseRenditionIsHDR", "GainMapMin", "GainMapMax", "Gamma", "OffsetSDR", "OffsetHDR",
        "HDRCapacityMin", "HDRCapacityMax",
    },
    _APPLE: {"HDRGainMapVersion", "HDRGainMapHeadroom"},
    _APPLE_PIXELS: {"AuxiliaryImageType", "NativeFormat", "StoredFormat"},
}  # fmt: skip
_VALUE = re.compile(
    r"[-+]?\d{1,12}(\.\d{0,12})?([eE][-+]?\d{1,3})?|True|False|urn:com:apple:photo:\d{4}:aux:[a-z]{1,40}"
)

_PRIMARY = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{rdf}"><rdf:Description rdf:about="" '
    'xmlns:hdrgm="{hdrgm}" xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" hdrgm:Version="1.0"><Container:Directory><rdf:Seq>'
    '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/></rdf:li>'
    '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" '
    'Item:Length="{length}"/></rdf:li></rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>'
)


@dataclass(frozen=True, slots=True)
class GainMapFacts:
    """How a gain map is to be applied: values by namespace and name; one value, or one for each channel."""

    values: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def ultra_hdr(self) -> bool:
        """Whether the packet says that its picture has a gain map or is one, as Ultra HDR does."""
        return (_HDRGM, "Version") in self.values

    @property
    def apple(self) -> bool:
        """Whether the packet belongs to a gain map of Apple's."""
        return any("hdrgainmap" in value for value in self.values.get((_APPLE_PIXELS, "AuxiliaryImageType"), []))

    @property
    def gain_map(self) -> bool:
        """Whether the packet belongs to a gain map, not to the picture that has one."""
        return self.apple or (_HDRGM, "GainMapMax") in self.values

    def __bool__(self) -> bool:
        return bool(self.values)


def gain_map_facts(packet: bytes) -> GainMapFacts:
    """Read an XMP packet; what is damaged, or is no number, counts as not there."""
    if len(packet) > _MOST_BYTES:
        return GainMapFacts()
    found: dict[tuple[str, str], list[str]] = {}

    def keep(name: tuple[str, str], value: str) -> None:
        if len(values := found.setdefault(name, [])) < _MOST_VALUES:
            values.append(value)

    try:
        read_properties(packet, _known, keep, most_text=_MOST_TEXT)
    except ValueError:
        return GainMapFacts()
    return GainMapFacts({name: values for name, values in found.items() if all(map(_VALUE.fullmatch, values))})


def _known(name: str) -> tuple[str, str] | None:
    namespace, _, local = name.rpartition(" ")
    return (namespace, local) if local in _NAMES.get(namespace, ()) else None


def gain_map_packet(facts: GainMapFacts) -> bytes:
    """A packet for the gain map itself; empty if there is nothing to say."""
    if not facts.values:
        return b""
    used = {namespace: f' xmlns:{_PREFIXES[namespace]}="{namespace}"' for namespace, _ in facts.values}
    single, several = "", ""
    for (namespace, local), values in facts.values.items():
        name = f"{_PREFIXES[namespace]}:{local}"
        if len(values) == 1:
            single += f' {name}="{values[0]}"'
        else:
            items = "".join(f"<rdf:li>{value}</rdf:li>" for value in values)
            several += f"<{name}><rdf:Seq>{items}</rdf:Seq></{name}>"
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"><rdf:Description rdf:about=""'
        f"{''.join(used.values())}{single}>{several}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def primary_packet(gain_map_bytes: int) -> bytes:
    """A packet for the picture in an Ultra HDR file, which says how long the gain map behind it is."""
    return _PRIMARY.format(rdf=_RDF, hdrgm=_HDRGM, length=gain_map_bytes).encode()


def padded_packet(facts: GainMapFacts, size: int) -> bytes:
    """A packet of just `size` bytes: what `gain_map_packet` says if there is room, else an empty one."""
    for packet in (gain_map_packet(facts), _EMPTY):
        if packet and len(packet) <= size:
            return packet.ljust(size)
    return b" " * size
