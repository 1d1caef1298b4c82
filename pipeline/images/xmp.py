"""Reading XMP packets (ISO 16684-1): properties, be they attributes, elements, or lists of elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar
from xml.parsers import expat

_Name = TypeVar("_Name")


class DamagedXmp(ValueError):
    """It is no XMP, or has a document type, and so entities, which XMP has not."""


def read_properties(
    packet: bytes,
    known: Callable[[str], _Name | None],
    keep: Callable[[_Name, str], object],
    *,
    most_text: int,
    encoding: str | None = None,
) -> None:
    """Call `keep` with each value of the properties that are `known` by namespace and name, with a space between.

    Of an element's text, no more is read once there are `most_text` characters. What comes before damage is kept; then
    `DamagedXmp` is raised.
    """
    reader = _Reader(known, keep, most_text)
    parser = expat.ParserCreate(encoding, namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(packet.strip(b"\x00 \n\r\t"), True)
    except expat.ExpatError as error:
        raise DamagedXmp(str(error)) from error


class _Reader(Generic[_Name]):
    def __init__(
        self, known: Callable[[str], _Name | None], keep: Callable[[_Name, str], object], most_text: int
    ) -> None:
        self._known = known
        self._keep = keep
        self._most_text = most_text
        self._property: _Name | None = None
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        for attribute, value in attributes.items():
            if (found := self._known(attribute)) is not None:
                self._keep(found, value)
        self._property = self._known(name) or self._property
        self._text = ""

    def characters(self, text: str) -> None:
        if self._property is not None and len(self._text) < self._most_text:
            self._text += text

    def end(self, name: str) -> None:
        if self._property is not None and (text := self._text.strip()):
            self._keep(self._property, text)
        self._text = ""
        if self._known(name) == self._property:
            self._property = None

    def doctype(self, *_: object) -> None:
        raise DamagedXmp("it has a document type")
