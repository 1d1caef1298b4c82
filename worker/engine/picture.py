"""What the engine makes and finds. Apart from `render`, so that a worker can import it without loading a decoder."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.images.header import Format
from pipeline.images.view_format import Kind


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture made: its name (`grid` or `view`), the bytes of its file, size in pixels, and format."""

    name: str
    data: bytes
    width: int
    height: int
    format: Format = Format.WEBP


@dataclass(frozen=True, slots=True)
class Picture:
    """What rendering found: ThumbHash in base64 and mean colour as #rrggbb, if the look was asked for, remarks for the
    record, the size of the upright original in pixels, as it was decoded (a header may say another one), what it is, if
    a view was made, and what the camera knew."""

    placeholder: str | None
    color: str | None
    notes: tuple[str, ...]
    width: int
    height: int
    kind: Kind | None = None
    taken_at: str | None = None
    camera: str | None = None
    lens: str | None = None
    exposure: str | None = None
