"""Pictures with a gain map, in the structures that phones and editors write: what is shown is the base picture."""

from __future__ import annotations

import struct
from collections.abc import Callable

from PIL import Image, ImageOps

from tests.cases import Case
from tests.cases.heif import Item, box, heif, items_of
from tests.cases.motifs import confetti, leaves, painted, patches, rings, sunset, wheel
from tests.render_fixtures import encoded, swapped_profile

KIND = "gain map"
_APPLE = b"urn:com:apple:photo:2020:aux:hdrgainmap"
_ISO = b"urn:iso:std:iso:ts:21496:-1\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"


def cases() -> list[Case]:
    """All of them."""
    return [
        _case("ultra-hdr.jpg", "Ultra HDR: a container in XMP, MPF, and the map as a second JPEG", _ultra_hdr, _sunset),
        _case("iso.jpg", "ISO 21496-1: APP2 in both JPEGs, MPF", _iso_jpeg, _patches),
        _case("motion.jpg", "Ultra HDR with a profile, and a video behind the map", _motion, _confetti),
        _case("apple.jpg", "Apple: MPF, and the map's type in its XMP; orientation 6", _apple_jpeg, _turned),
        _case("apple.heic", "Apple: an auxiliary picture of half the size", _apple_heic, _leaves),
        _case("iso.heic", "ISO 21496-1: a tmap item before the base in a group of alternatives", _iso_heic, _rings),
        _case("iso.avif", "ISO 21496-1 in AVIF", _iso_avif, _wheel),
    ]


def _case(name: str, about: str, data: Callable[[], bytes], reference: Callable[[], Image.Image]) -> Case:
    return Case(
        name=f"gain-map-{name}", kind=KIND, about=about, data=data, reference=reference, animated=False, notes=False
    )


def _sunset() -> Image.Image:
    return painted(sunset, (320, 210))


def _patches() -> Image.Image:
    return painted(patches, (288, 192))


def _confetti() -> Image.Image:
    return confetti((260, 180), 41)


def _turned() -> Image.Image:
    return painted(wheel, (220, 160)).transpose(Image.Transpose.ROTATE_270)


def _leaves() -> Image.Image:
    return painted(leaves, (256, 192))


def _rings() -> Image.Image:
    return painted(rings, (224, 224))


def _wheel() -> Image.Image:
    return painted(wheel, (300, 170))


def _map_of(picture: Image.Image) -> Image.Image:
    """A map of half the size that is unlike the picture, so that it would show."""
    return ImageOps.invert(picture.convert("L")).resize((picture.width // 2, picture.height // 2))


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _xmp(attributes: str, inside: str = "") -> bytes:
    names = (
        'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" '
        'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" '
        'xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" '
        'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/"'
    )
    text = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {names} {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    return _segment(0xE1, _XMP + text.encode())


def _with_map(base: bytes, before: list[bytes], gain_map: bytes, after: bytes = b"") -> bytes:
    """The base with the segments `before` and an index (CIPA DC-007, MPF) of both JPEGs; then the map."""
    head = base[:2] + b"".join(before)
    first = len(head) + 4 + 4 + 8 + 2 + 3 * 12 + 4 + 32 + len(base) - 2
    start = len(head) + 8  # offsets count from the byte order mark of the index
    entries = struct.pack(">IIIHH", 0x20030000, first, 0, 0, 0)
    entries += struct.pack(">IIIHH", 0, len(gain_map), first - start, 0, 0)
    index = b"MM\x00\x2a" + struct.pack(">IH", 8, 3)
    index += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, 2)
    index += struct.pack(">HHII", 0xB002, 7, 32, 8 + 2 + 36 + 4) + bytes(4) + entries
    return head + _segment(0xE2, b"MPF\0" + index) + base[2:] + gain_map + after


_ADOBE = (
    'hdrgm:Version="1.0" hdrgm:GainMapMin="0" hdrgm:GainMapMax="2.3" hdrgm:Gamma="1" hdrgm:OffsetSDR="0.015625" '
    'hdrgm:OffsetHDR="0.015625" hdrgm:HDRCapacityMin="0" hdrgm:HDRCapacityMax="2.3" hdrgm:BaseRenditionIsHDR="False"'
)


def _directory(*items: tuple[str, str, int]) -> str:
    rows = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{semantic}" Item:Mime="{mime}" '
        f'Item:Length="{length}"/></rdf:li>'
        for semantic, mime, length in items
    )
    return f"<Container:Directory><rdf:Seq>{rows}</rdf:Seq></Container:Directory>"


def _ultra(picture: Image.Image, trailer: bytes = b"", **options: bytes) -> bytes:
    gain_map = encoded(_map_of(picture), "JPEG")
    gain_map = gain_map[:2] + _xmp(_ADOBE) + gain_map[2:]
    items = [("Primary", "image/jpeg", 0), ("GainMap", "image/jpeg", len(gain_map))]
    if trailer:
        items.append(("MotionPhoto", "video/mp4", len(trailer)))
    about = _xmp('hdrgm:Version="1.0"', _directory(*items))
    return _with_map(encoded(picture, "JPEG", quality=92, **options), [about], gain_map, trailer)


def _ultra_hdr() -> bytes:
    return _ultra(_sunset())


def _motion() -> bytes:
    red, green, blue = _confetti().split()
    video = box(b"ftyp", b"mp42" + bytes(4) + b"mp42isom") + box(b"mdat", bytes(4000))
    return _ultra(Image.merge("RGB", (green, red, blue)), video, icc_profile=swapped_profile())


def _gain_map_metadata() -> bytes:
    """Annex C of ISO 21496-1: one channel, up to 2^2.3 as bright."""
    numbers = [(0, 1), (23, 10), (0, 1), (23, 10), (1, 1), (1, 64), (1, 64)]
    return struct.pack(">HHB", 0, 0, 0x40) + b"".join(struct.pack(">II", *one) for one in numbers)


def _iso_jpeg() -> bytes:
    gain_map = encoded(_map_of(_patches()), "JPEG")
    gain_map = gain_map[:2] + _segment(0xE2, _ISO + _gain_map_metadata()) + gain_map[2:]
    return _with_map(encoded(_patches(), "JPEG", quality=92), [_segment(0xE2, _ISO + bytes(4))], gain_map)


def _apple_jpeg() -> bytes:
    picture = painted(wheel, (220, 160))
    gain_map = encoded(_map_of(picture), "JPEG")
    said = f'apdi:AuxiliaryImageType="{_APPLE.decode()}" HDRGainMap:HDRGainMapVersion="65536"'
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Apple"
    base = encoded(picture, "JPEG", quality=92, exif=exif.tobytes())
    return _with_map(base, [], gain_map[:2] + _xmp(said) + gain_map[2:])


def _pair(picture: Image.Image, kind: str) -> tuple[Item, Item]:
    """The base and its map as items."""
    options = {"quality": 92, "subsampling": "4:4:4"}
    base = items_of(encoded(picture, kind, **options))[0]
    return base, items_of(encoded(_map_of(picture), kind, quality=90))[0]


def _apple_heic() -> bytes:
    base, gain_map = _pair(_leaves(), "HEIF")
    gain_map.properties.append((b"auxC", bytes(4) + _APPLE + b"\0"))
    gain_map.references[b"auxl"] = [1]
    about = Item(b"mime", b"<x:xmpmeta/>", references={b"cdsc": [2]}, hidden=True, content_type=b"application/rdf+xml")
    return heif([base, gain_map, about])


def _tone_map(brand: bytes, base: Item, gain_map: Item) -> bytes:
    gain_map.hidden = True
    size = next(one for one in base.properties if one[0] == b"ispe")
    hdr = (b"colr", b"nclx" + struct.pack(">HHHB", 12, 16, 6, 0x80))
    derived = Item(b"tmap", b"\0" + _gain_map_metadata(), [size, hdr], {b"dimg": [1, 2]})
    return heif([base, gain_map, derived], brands=(brand, b"mif1", b"miaf", b"tmap"), alternatives=(3, 1))


def _iso_heic() -> bytes:
    return _tone_map(b"heic", *_pair(_rings(), "HEIF"))


def _iso_avif() -> bytes:
    return _tone_map(b"avif", *_pair(_wheel(), "AVIF"))
