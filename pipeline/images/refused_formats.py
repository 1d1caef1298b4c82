"""Formats that are not accepted: what else a file seems to be, for an error that says so."""

from __future__ import annotations

import re
from typing import BinaryIO

# By their first bytes, each with its article.
_STARTS = {
    b"II*\x00": "a TIFF or raw photo",
    b"MM\x00*": "a TIFF or raw photo",
    b"II+\x00": "a BigTIFF",
    b"MM\x00+": "a BigTIFF",
    b"FUJIFILMCCD-RAW": "a Fujifilm raw photo (RAF)",
    b"IIU\x00": "a Panasonic raw photo (RW2)",
    b"IIRO": "an Olympus raw photo (ORF)",
    b"IIRS": "an Olympus raw photo (ORF)",
    b"MMOR": "an Olympus raw photo (ORF)",
    b"\x00MRM": "a Minolta raw photo (MRW)",
    b"FOVb": "a Sigma raw photo (X3F)",
    b"II\x1a\x00\x00\x00HEAPCCDR": "a Canon raw photo (CRW)",
    b"II\xbc\x01": "a JPEG XR",
    b"BM": "a BMP",
    b"8BPS": "a Photoshop file",
    b"%PDF": "a PDF",
    b"%!PS": "an EPS or PostScript file",
    b"\xc5\xd0\xd3\xc6": "an EPS",
    b"\xff\x0a": "a JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000",
    b"\xff\x4f\xff\x51": "a JPEG 2000",
    b"\x00\x00\x01\x00": "an icon",
    b"\x8aMNG": "an MNG",
    b"\x8bJNG": "a JNG",
    b"v/1\x01": "an OpenEXR",
    b"#?RADIANCE": "a Radiance HDR",
    b"#?RGBE": "a Radiance HDR",
    b"qoif": "a QOI",
    b"DDS ": "a DDS texture",
    b"BPG\xfb": "a BPG",
    b"FLIF": "a FLIF",
    b"gimp xcf": "a GIMP file (XCF)",
    b"AT&TFORM": "a DjVu",
    b"SIMPLE  =": "a FITS",
    b"\xd7\xcd\xc6\x9a": "a Windows metafile (WMF)",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x1aE\xdf\xa3": "a video",
    b"FLV\x01": "a video",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "a Windows Media file",
    b"\x00\x00\x01\xba": "a video",
    b"\x00\x00\x01\xb3": "a video",
    b"ID3": "an MP3 audio file",
    b"OggS": "an Ogg file",
    b"fLaC": "a FLAC audio file",
}
_RIFF = {b"WAVE": "a WAV audio file", b"AVI ": "a video", b"WEBP": "a WebP of a kind that is not known here"}

# By the brands of an `ftyp` box. Many files name general ones too: what says more comes first.
_BRANDS = {
    b"crx ": "a Canon raw photo (CR3)",
    b"avci": "a HEIF picture coded as AVC (AVCI)",
    b"avcs": "a HEIF sequence coded as AVC (AVCI)",
    b"vvic": "a HEIF picture coded as VVC",
    b"j2ki": "a HEIF picture coded as JPEG 2000",
    b"jpeg": "a HEIF picture coded as JPEG",
    b"hevc": "a HEIF sequence",
    b"hevx": "a HEIF sequence",
    b"mif1": "a HEIF picture of a kind that is not known here",
    b"mif2": "a HEIF picture of a kind that is not known here",
    b"msf1": "a HEIF sequence of a kind that is not known here",
    b"jp2 ": "a JPEG 2000",
    b"jpx ": "a JPEG 2000",
    b"jph ": "a JPEG 2000",
    b"jxl ": "a JPEG XL",
    b"M4A ": "an M4A audio file",
    b"M4B ": "an M4B audio book",
    b"M4P ": "an M4P audio file",
    b"F4A ": "an F4A audio file",
}
_GENERAL_BRANDS = {b"mif1", b"mif2", b"msf1"}
_VIDEO_BRANDS = re.compile(rb"qt  |M4V |3g[2ps]|MSNV|NDS|mmp4|mjp2|F4V |XAVC|pana|CAEP")
_GENERAL_VIDEO_BRANDS = re.compile(rb"iso[m2-9a]|mp4[12]|avc1|dash")

_NETPBM = re.compile(rb"P([1-7FfaA]|F4)[\s#]")
_NETPBM_NAMES = dict(zip(b"1234567", ("a PBM", "a PGM", "a PPM", "a PBM", "a PGM", "a PPM", "a PAM"), strict=True))
_MARKUP = re.compile(r"\s*<(?:[?!]|svg\b|[a-z]+[:>\s])", re.IGNORECASE)

_TGA_FOOTER = b"TRUEVISION-XFILE.\x00"
_TGA_KINDS, _TGA_DEPTHS = {1, 2, 3, 9, 10, 11}, {8, 15, 16, 24, 32}


def what_it_is(head: bytes, stream: BinaryIO) -> str:
    """What else a file seems to be, with its article, by its first bytes and its last; empty if that can't be said."""
    if head[4:8] == b"ftyp":
        return _by_brands(head[8 : min(len(head), int.from_bytes(head[:4]))])
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if netpbm := _NETPBM.match(head):
        return _NETPBM_NAMES.get(netpbm[1][0], "a PFM")
    if found := next((name for start, name in _STARTS.items() if head.startswith(start)), ""):
        return found
    if head[128:132] == b"DICM":
        return "a DICOM file"
    if _is_tga(head, stream):
        return "a TGA"
    return "a Windows cursor" if head.startswith(b"\x00\x00\x02\x00") else _markup(head)


def _by_brands(brands: bytes) -> str:
    found = [brands[start : start + 4] for start in (0, *range(8, len(brands), 4))]
    general = ""
    for brand in found:
        if _VIDEO_BRANDS.match(brand):
            return "a video"
        if brand in _BRANDS and brand not in _GENERAL_BRANDS:
            return _BRANDS[brand]
        if _GENERAL_VIDEO_BRANDS.match(brand):
            general = general or "a video"
        general = general or _BRANDS.get(brand, "")
    return general or "an MP4 file of a kind that is not known here"


def _markup(head: bytes) -> str:
    """SVG, HTML and XML, whatever comes before their first element."""
    coding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head[:2])
    coding = coding or {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(head[:2], "utf-8")
    text = head.decode(coding, "replace").lstrip("\ufeff").lower()
    if not _MARKUP.match(text):
        return ""
    if "<svg" in text or "<!doctype svg" in text:
        return "an SVG"
    if "<html" in text or "<!doctype html" in text:
        return "a web page"
    return "an SVG or XML file"


def _is_tga(head: bytes, stream: BinaryIO) -> bool:
    """By the footer of later versions, or a header that makes sense from end to end: there is no magic number."""
    end = stream.seek(0, 2)
    stream.seek(max(0, end - len(_TGA_FOOTER)))
    if stream.read() == _TGA_FOOTER:
        return True
    if len(head) < 18 or head[1] > 1 or head[2] not in _TGA_KINDS or head[16] not in _TGA_DEPTHS:
        return False
    mapped = head[2] in (1, 9)
    width, height = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    return mapped == bool(head[1]) and (mapped or not any(head[3:8])) and width > 0 and height > 0
