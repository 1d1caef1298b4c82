"""The properties of an XMP packet that say how a picture was taken (ISO 16684-1)."""

from __future__ import annotations

from contextlib import suppress
from xml.parsers import expat

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
    reader = _Reader()
    with suppress(expat.ExpatError, _NoXmp, ValueError):
        reader.parse(packet[:_MOST_BYTES].strip(b"\x00 \n\r\t"))
    return reader.found


class _NoXmp(Exception):
    """XMP has no document type, and so no entities."""


class _Reader:
    """Collects properties, be they attributes, elements, or the first of a list of elements."""

    def __init__(self) -> None:
        self.found: Properties = {}
        self._property: str | None = None
        self._text = ""

    def parse(self, packet: bytes) -> None:
        # In a picture XMP is UTF-8 (part 3), whatever it says; to look up another encoding would open files.
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(packet, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        for attribute, value in attributes.items():
            if attribute in _NAMES:
                self.found.setdefault(_NAMES[attribute], value[:_MOST_TEXT])
        self._property = _NAMES.get(name, self._property)
        self._text = ""

    def _characters(self, text: str) -> None:
        if self._property is not None and len(self._text) < _MOST_TEXT:
            self._text += text

    def _end(self, name: str) -> None:
        if self._property is not None and self._text.strip():
            self.found.setdefault(self._property, self._text.strip())
        self._text = ""
        if _NAMES.get(name) == self._property:
            self._property = None

    def _doctype(self, *_: object) -> None:
        raise _NoXmp
