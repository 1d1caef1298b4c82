"""What a file says of its colours, what counts most first."""

from __future__ import annotations

from pipeline.images.header import Format, Header
from worker.engine.cicp import Meaning, coded, coded_in_png, measured


def meanings_of(profile: bytes | None, header: Header) -> list[Meaning]:
    """A profile counts before code points in HEIC and AVIF; in PNG cICP, iCCP, sRGB, and gAMA with cHRM (PNG, 4.3)."""
    meanings: list[Meaning | None] = [profile or None]
    if header.format is Format.PNG:
        if header.color:
            meanings.insert(0, coded_in_png(*header.color, header.peak_nits))
        if header.measured:
            meanings.append(measured(*header.measured))
    elif header.color:
        meanings.append(coded(*header.color, header.peak_nits))
    return [meaning for meaning in meanings if meaning is not None]
