"""The properties of an XMP packet that say how a picture was taken (ISO 16684-1)."""

from __future__ import annotations

from contextlib import suppress

from pipeline.images.xmp import read_properties

_MOST_BYTES, _MOST_TEXT = 1024 * 1024, 200
_EXIF, _EXIF_EX = "http://ns.adobe.com/exif/1.0/", "http://cipa.jp/exif/1.0/"
# By namespace and name; all that is known of a picture's place is left alone.
_NAMES = {
    **{f"{_EXIF} {name}": name for name in ("DateTimeOriginal", "ExposureTime", "FNumber", "FocalLength")},
    f"{_EXIF} ISOSpeedRatings": "ISOSpeedRatings",
    f"{_EXIF_EX} PhotographicSensitivity": "ISOSpeedRatings",
    f"{_EXIF_EX} LensModel": "Lens",
    "http://ns.adobe.com/exif/1.0/aux/ Lens": "Lens",
    "http://ns.adobe.com/photoshop/1.0/ DateCreated": "DateCreated",
    "http://ns.adobe.com/xap/1.0/ CreateDate": "CreateDate",
    "http://ns.adobe.com/tiff/1.0/ Make": "Make",
    "http://ns.adobe.com/tiff/1.0/ Model": "Model",
}

Properties = dict[str, str]


def properties_of(packet: bytes) -> Properties:
    """The known properties by name, the first value of each; those before the place where a packet is damaged."""
    found: Properties = {}
    with suppress(ValueError):
        # In a picture XMP is UTF-8 (part 3), whatever it says; to look up another encoding would open files.
        read_properties(
            packet[:_MOST_BYTES],
            _NAMES.get,
            lambda name, value: found.setdefault(name, value[:_MOST_TEXT]),
            most_text=_MOST_TEXT,
            encoding="utf-8",
        )
    return found
