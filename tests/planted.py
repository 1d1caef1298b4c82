"""Pictures of every format that tell all a camera and an editor write: where, when, by whom, with what."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

from PIL import Image, ImageCms

from tests import heif_files
from tests.render_fixtures import encoded, scene, swapped_profile

EXIFTOOL = shutil.which("exiftool")
MARK = b"PLANTED"
"""Begins every text that must not be left, in one or two bytes for a character."""

LATITUDE, LONGITUDE = "48.8584", "2.2945"
_XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" %s '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="PLANTED-xmp">%s</rdf:Description></rdf:RDF></x:xmpmeta>'
    + b" " * 500 + b'<?xpacket end="w"?>'
)  # fmt: skip
_HDRGM = b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
_CONTAINER = (
    b'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    b'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
)


def maker_note() -> bytes:
    """A note as Apple's: how bright a gain map's lights are, and a text."""
    text = b"PLANTED-maker-note\0\0"
    entries = struct.pack(">HHII", 0x21, 10, 1, 14 + 2 + 36 + 4) + struct.pack(">HHII", 0x30, 10, 1, 14 + 2 + 36 + 12)
    entries += struct.pack(">HHII", 0x11, 2, len(text), 14 + 2 + 36 + 20)
    return b"Apple iOS\0\0\1MM" + struct.pack(">H", 3) + entries + bytes(4) + struct.pack(">iiii", 8, 5, 1, 40) + text


def exif(orientation: int = 6, *, adobe_rgb: bool = False) -> Image.Exif:
    """What a camera writes, with a maker note."""
    found = Image.Exif()
    found[0x0112], found[0x010F], found[0x013B] = orientation, "PLANTED-make", "PLANTED-artist"
    camera = found.get_ifd(0x8769)
    camera.update(
        {0x927C: maker_note(), 0xA430: "PLANTED-owner", 0xA431: "PLANTED-serial", 0x9003: "2019:07:14 18:03:22"}
    )
    if adobe_rgb:
        camera[0xA001] = 0xFFFF
        camera[0xA005] = {1: "R03", 2: b"0100"}
    found.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.24), 3: "E", 4: (2.0, 17.0, 40.2), 0x1B: b"PLANTED-gps"})
    return found


def seeds() -> dict[str, bytes]:
    """A file of each kind, its colours by a profile if it can have one; `plant` adds what they tell."""
    picture, clear = scene(), scene().convert("RGBA")
    clear.putalpha(picture.convert("L"))
    profile = {"icc_profile": swapped_profile(), "exif": exif()}
    frames = {"save_all": True, "append_images": [scene().rotate(90), scene().rotate(180)], "duration": 40}
    return {
        "a.jpg": encoded(picture, "JPEG", **profile),
        "progressive.jpg": encoded(picture, "JPEG", progressive=True, **profile),
        "cmyk.jpg": encoded(picture.convert("CMYK"), "JPEG", exif=exif(3)),
        "a.png": encoded(clear, "PNG", **profile),
        "palette.png": encoded(picture.quantize(16), "PNG", transparency=3, **profile),
        "animated.png": encoded(picture, "PNG", **frames),
        "a.gif": encoded(picture, "GIF"),
        "animated.gif": encoded(picture, "GIF", **frames, loop=0, comment=b"PLANTED-comment"),
        "a.webp": encoded(picture, "WEBP", **profile),
        "lossless.webp": encoded(clear, "WEBP", lossless=True, **profile),
        "animated.webp": encoded(clear, "WEBP", **frames, **profile),
        "a.heic": encoded(picture, "HEIF", **profile),
        "alpha.heic": encoded(clear, "HEIF", exif=exif()),
        "a.avif": encoded(picture, "AVIF", **profile),
        "animated.avif": encoded(picture, "AVIF", **frames),
        "animated-alpha.avif": encoded(clear, "AVIF", save_all=True, append_images=[clear.rotate(90)], duration=40),
        "iphone.heic": iphone_heic(),
        "ultra-hdr.jpg": ultra_hdr(),
        "iphone.jpg": iphone_jpeg(),
    }


def plant(path: Path) -> None:
    """Have exiftool write into a file what its format can hold."""
    thumbnail = path.with_name("thumbnail.jpg")
    thumbnail.write_bytes(encoded(scene((80, 50)), "JPEG", comment=b"PLANTED-thumbnail"))
    texts = {
        "XMP-dc:Creator": "PLANTED-creator", "XMP-exif:GPSLatitude": LATITUDE, "XMP-exif:GPSLongitude": LONGITUDE,
        "XMP-aux:SerialNumber": "PLANTED-xmp-serial", "XMP-photoshop:City": "PLANTED-city",
    }  # fmt: skip
    if path.suffix != ".gif":
        texts |= {
            "EXIF:GPSLatitude": LATITUDE, "EXIF:GPSLatitudeRef": "N", "EXIF:GPSLongitude": LONGITUDE,
            "EXIF:GPSLongitudeRef": "E", "EXIF:SerialNumber": "PLANTED-serial", "EXIF:LensSerialNumber": "PLANTED-lens",
            "EXIF:OwnerName": "PLANTED-owner", "EXIF:UserComment": "PLANTED-comment", "EXIF:XPAuthor": "PLANTED-author",
            "EXIF:DateTimeOriginal": "2019:07:14 18:03:22",
        }  # fmt: skip
    if path.suffix == ".jpg":
        texts |= {"IPTC:City": "PLANTED-iptc", "Comment": "PLANTED-com", "ThumbnailImage<": str(thumbnail)}
    if path.suffix == ".png":
        texts |= {"PNG:Comment": "PLANTED-text", "PNG:Author": "PLANTED-author", "IPTC:City": "PLANTED-iptc"}
    if path.suffix == ".gif":
        texts |= {"Comment": "PLANTED-gif"}
    assert EXIFTOOL is not None
    options = [f"-{name}={text}" for name, text in texts.items()]
    done = subprocess.run(
        [EXIFTOOL, "-q", "-m", "-overwrite_original", *options, path], capture_output=True, check=False
    )
    assert done.returncode == 0, (path, done.stderr)
    thumbnail.unlink()
    if path.suffix in (".jpg", ".png", ".gif", ".webp"):
        with path.open("ab") as file:
            file.write(video())


def video() -> bytes:
    """What phones put behind a picture: a moving one, with its place."""
    place = heif_files.box(b"udta", heif_files.box(b"\xa9xyz", b"\0\x1bPLANTED+48.8584+002.2945/"))
    return heif_files.box(b"ftyp", b"mp42") + heif_files.box(b"moov", place) + b"SEFHPLANTED-trailer"


def ultra_hdr() -> bytes:
    """A JPEG with a gain map as Android's cameras write it, and a moving picture behind."""
    picture, gain_map = scene((320, 200)), scene((80, 50)).convert("L")
    numbers = (
        _HDRGM
        + b' hdrgm:GainMapMin="-0.5" hdrgm:Gamma="1.0" hdrgm:HDRCapacityMax="2.3" hdrgm:BaseRenditionIsHDR="False"'
    )
    several = b"<hdrgm:GainMapMax><rdf:Seq>" + b"<rdf:li>2.25</rdf:li>" * 3 + b"</rdf:Seq></hdrgm:GainMapMax>"
    second = _with_xmp(encoded(gain_map, "JPEG", exif=exif(1)), _XMP % (numbers, several))
    item = b'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="%s" Item:Mime="image/jpeg" '
    item += b'Item:Length="%d"/></rdf:li>'
    directory = b"<Container:Directory><rdf:Seq>%s</rdf:Seq></Container:Directory>" % (
        item % (b"Primary", 0) + item % (b"GainMap", len(second)) + item % (b"MotionPhoto", len(video()))
    )
    first = _with_xmp(encoded(picture, "JPEG", exif=exif()), _XMP % (_HDRGM + b" " + _CONTAINER, directory))
    return _with_index([first, second], encoded(scene((160, 100)), "JPEG", exif=exif()))


def iphone_jpeg() -> bytes:
    """A JPEG with a gain map as Apple writes it: how to apply it is half in the maker note."""
    return _with_index(
        [
            encoded(scene(), "JPEG", exif=exif()),
            _with_xmp(encoded(scene((160, 100)).convert("L"), "JPEG"), _XMP % (_APPLE, _APPLE_VERSION)),
        ]
    )


_APPLE = b'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/"'
_APPLE_VERSION = (
    b"<HDRGainMap:HDRGainMapVersion>131072</HDRGainMap:HDRGainMapVersion><apdi:AuxiliaryImageType>"
    + heif_files.APPLE_GAIN_MAP + b"</apdi:AuxiliaryImageType><apdi:StoredFormat>PLANTED</apdi:StoredFormat>"
)  # fmt: skip


def iphone_heic() -> bytes:
    """A HEIC as iPhones write it: tiles, turned, a thumbnail, a gain map with XMP of its own; and a moving picture."""
    picture, size = scene((512, 256)), (512, 256)
    tiles = [heif_files.coded(picture.crop((x, 0, x + 128, 256)), 1 + x // 128) for x in range(0, 512, 128)]
    whole = heif_files.grid(10, 1, 4, tiles, size)
    whole.properties += [heif_files.box(b"colr", b"prof" + swapped_profile()), heif_files.rotation(3)]
    small = heif_files.coded(scene((128, 64)), 11)
    small.refers = {b"thmb": [10]}
    gain_map = heif_files.coded(scene((256, 128)).convert("L"), 12)
    gain_map.properties += [heif_files.auxiliary(heif_files.APPLE_GAIN_MAP), heif_files.rotation(3)]
    gain_map.refers = {b"auxl": [10]}
    metadata = [
        heif_files.Item(13, b"Exif", b"\0\0\0\6" + exif().tobytes(), refers={b"cdsc": [10]}, name=b"PLANTED-name"),
        heif_files.Item(14, b"mime", _XMP % (b"", b""), refers={b"cdsc": [10]}, content_type=b"application/rdf+xml"),
        heif_files.Item(
            15, b"mime", _XMP % (_APPLE, _APPLE_VERSION), refers={b"cdsc": [12]}, content_type=b"application/rdf+xml"
        ),
        heif_files.Item(16, b"mime", b"PLANTED-json", content_type=b"application/json", name=b"PLANTED-name"),
    ]
    description = heif_files.full(b"udes", b"en\0PLANTED-title\0PLANTED-description\0PLANTED-tags\0")
    whole.properties.append(description)
    return heif_files.file(
        [*tiles, whole, small, gain_map, *metadata],
        10,
        between=heif_files.box(b"uuid", bytes(16) + b"PLANTED-uuid"),
        behind=heif_files.box(b"mpvd", video()),
    )


def _with_xmp(jpeg: bytes, packet: bytes) -> bytes:
    data = b"http://ns.adobe.com/xap/1.0/\0" + packet
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(data)) + data + jpeg[2:]


def _with_index(pictures: list[bytes], preview: bytes = b"") -> bytes:
    """The pictures one after the other, the first with an index of all (MPF), a preview for cameras among them."""
    every = [*pictures, preview] if preview else pictures
    length = 4 + 4 + 50 + 16 * len(every)
    sizes = [len(every[0]) + length, *map(len, every[1:])]
    index = b"II*\0" + struct.pack("<IH", 8, 3) + struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
    index += (
        struct.pack("<HHII", 0xB001, 4, 1, len(every)) + struct.pack("<HHII", 0xB002, 7, 16 * len(every), 50) + bytes(4)
    )
    for number, size in enumerate(sizes):
        offset = sum(sizes[:number]) - 2 - 8 if number else 0
        index += struct.pack("<IIIHH", 0 if number else 0x030000, size, offset, 0, 0)
    segment = b"\xff\xe2" + struct.pack(">H", 2 + 4 + len(index)) + b"MPF\0" + index
    return every[0][:2] + segment + every[0][2:] + b"".join(every[1:])


def srgb() -> bytes:
    """A profile of another kind than those that `seeds` have."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
