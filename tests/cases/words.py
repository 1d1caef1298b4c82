"""Files that are refused, and what they must be called: heads of formats that people send by mistake."""

from __future__ import annotations

import io
import struct

from tests.cases import Case
from tests.cases.heif import Item, heif, items_of
from tests.cases.motifs import painted, wheel
from tests.render_fixtures import encoded

KIND = "named as what it is"
_NEVER = ("not a picture", "damaged", "broken")


def _ftyp(*brands: bytes) -> bytes:
    body = brands[0] + bytes(4) + b"".join(brands[1:])
    return (struct.pack(">I", 8 + len(body)) + b"ftyp" + body).ljust(200, b"\0")


_FRAME = b"\xff\xc0\0\x11\x08"
# A height that follows the picture; and colour that has two thirds of the columns.
_NO_HEIGHT = _FRAME + b"\0\x30\0\x40", _FRAME + b"\0\0\0\x40"
_THIRDS = b"\x01\x22\0\x02\x11", b"\x01\x31\0\x02\x21"


def _jpeg(old: bytes, new: bytes) -> bytes:
    data = encoded(painted(wheel, (64, 48)), "JPEG")
    assert old in data
    return data.replace(old, new, 1)


def _coded(kind: bytes) -> bytes:
    (item, *_) = items_of(encoded(painted(wheel, (64, 48)), "HEIF"))
    return heif([Item(kind, item.data, item.properties)], brands=(b"mif1", b"heic"))


def _saved(kind: str) -> bytes:
    out = io.BytesIO()
    painted(wheel, (40, 30)).save(out, kind)
    return out.getvalue()


def _tga_of_old() -> bytes:
    return struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 40, 30, 24, 0) + painted(wheel, (40, 30)).tobytes()


_HEADS: dict[str, tuple[bytes, str]] = {
    "canon.cr3": (_ftyp(b"crx ", b"isom"), "CR3"),
    "canon.crw": (b"II\x1a\0\0\0HEAPCCDR".ljust(99, b"\0"), "CRW"),
    "fuji.raf": (b"FUJIFILMCCD-RAW 0201".ljust(99, b"\0"), "RAF"),
    "panasonic.rw2": (b"IIU\0\x18\0\0\0".ljust(99, b"\0"), "RW2"),
    "olympus.orf": (b"IIRO\x08\0\0\0".ljust(99, b"\0"), "ORF"),
    "olympus-s.orf": (b"IIRS\x08\0\0\0".ljust(99, b"\0"), "ORF"),
    "olympus-m.orf": (b"MMOR\0\0\0\x08".ljust(99, b"\0"), "ORF"),
    "sigma.x3f": (b"FOVb".ljust(99, b"\0"), "X3F"),
    "nikon.nef": (b"MM\0*\0\0\0\x08".ljust(99, b"\0"), "TIFF or raw"),
    "motorola-big.tif": (b"MM\0+\0\x08\0\0".ljust(99, b"\0"), "BigTIFF"),
    "sound.m4a": (_ftyp(b"M4A ", b"isom", b"mp42"), "M4A"),
    "sound-general.m4a": (_ftyp(b"mp42", b"M4A ", b"isom"), "M4A"),
    "book.m4b": (_ftyp(b"M4B ", b"isom"), "M4B"),
    "film.mp4": (_ftyp(b"isom", b"iso2", b"avc1", b"mp41"), "video"),
    "film.m4v": (_ftyp(b"M4V ", b"M4A ", b"mp42"), "video"),
    "film.mov": (_ftyp(b"qt  "), "video"),
    "avc.avci": (_ftyp(b"mif1", b"avci", b"miaf"), "AVC"),
    "vvc.heif": (_ftyp(b"vvic", b"mif1"), "VVC"),
    "drawing.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
    "drawing-dos.eps": (b"\xc5\xd0\xd3\xc6".ljust(99, b"\0"), "EPS"),
    "drawing-bom.svg": (b"\xef\xbb\xbf  <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "drawing-comment.svg": (b"<!-- drawn by hand -->\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "drawing-doctype.svg": (b"<?xml version='1.0'?><!DOCTYPE svg><svg/>", "SVG"),
    "drawing-wide.svg": ("\ufeff<?xml version='1.0' encoding='utf-16'?><svg/>".encode("utf-16-le"), "SVG"),
    "page.html": (b"\n<!DOCTYPE html><html><body>hello</body></html>", "web page"),
    "plain.pgm": (b"P2\n2 2\n255\n0 1 2 3\n", "PGM"),
    "any.pam": (b"P7\nWIDTH 1\n", "PAM"),
    "float.pfm": (b"PF\n1 1\n-1.0\n", "PFM"),
    "light.exr": (b"v/1\x01".ljust(99, b"\0"), "OpenEXR"),
    "light.hdr": (b"#?RADIANCE\n", "Radiance"),
    "scan.dcm": (bytes(128) + b"DICM", "DICOM"),
    "wide.jxr": (b"II\xbc\x01".ljust(99, b"\0"), "JPEG XR"),
    "wavelet.j2k": (b"\xff\x4f\xff\x51".ljust(99, b"\0"), "JPEG 2000"),
    "sound.wav": (b"RIFF\x24\0\0\0WAVEfmt ", "WAV"),
}


def cases() -> list[Case]:
    """All of them."""
    found = [_case(f"named-{name}", head, "looks like", word) for name, (head, word) in _HEADS.items()]
    return [
        *found,
        _case("named-new.tga", _saved("TGA"), "looks like", "TGA"),
        _case("named-old.tga", _tga_of_old(), "looks like", "TGA"),
        _case("named-unknown.bin", b"\x07\x01 something of one's own", "not known"),
        _case("named-ls.jpg", _jpeg(b"\xff\xc0", b"\xff\xf7"), "not supported", "JPEG-LS"),
        _case("named-lossless.jpg", _jpeg(b"\xff\xc0", b"\xff\xc3"), "not supported", "lossless"),
        _case("named-hierarchical.jpg", _jpeg(b"\xff\xc0", b"\xff\xc5"), "not supported", "hierarchical"),
        _case("named-16-bit.jpg", _jpeg(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), "not supported", "12-bit"),
        _case("named-dnl.jpg", _jpeg(*_NO_HEIGHT), "not supported", "DNL"),
        _case("named-fraction.jpg", _jpeg(*_THIRDS), "not supported", "fractionally"),
        _case("named-avc.heic", _coded(b"avc1"), "not supported", "AVC"),
        _case("named-jpeg.heic", _coded(b"jpeg"), "not supported", "JPEG-coded"),
        _case("named-raw.heic", _coded(b"unci"), "not supported", "uncompressed"),
    ]


def _case(name: str, data: bytes, *words: str) -> Case:
    video = () if "video" in words else ("video",)
    never = (*_NEVER, *video)
    return Case(name=name, kind=KIND, data=lambda: data, ends=("refused",), status=415, words=words, never=never)
