"""Which format serves a picture best: what there is to choose from, and the choice itself.

Grids are WebP, always: AVIF gains nothing on pictures so small.
"""

from __future__ import annotations

from enum import StrEnum

from pipeline.images.header import Format
from pipeline.open_enum import OpenEnum

GRID_FORMAT = Format.WEBP
VIEW_FORMATS = (Format.WEBP, Format.AVIF, Format.JPEG)
"""All formats that a view may have, whatever is set now."""


class Kind(OpenEnum):
    """What a picture is, by its pixels: an opaque photograph, another opaque picture (a screenshot, a drawing, text),
    or one that is transparent somewhere. A newer release may tell more apart."""

    PHOTOGRAPH = "photograph"
    GRAPHIC = "graphic"
    TRANSPARENT = "transparent"


class ViewFormat(StrEnum):
    """`GALLERY_VIEW_FORMAT`: the format of views."""

    AUTO = "auto"
    WEBP = "webp"
    JPEG = "jpeg"

    def of(self, kind: Kind | None) -> Format:
        """The format of the view of such a picture. JPEG has no transparency."""
        if self is ViewFormat.AUTO and kind is Kind.PHOTOGRAPH:
            return Format.AVIF
        if self is ViewFormat.JPEG and kind in (Kind.PHOTOGRAPH, Kind.GRAPHIC):
            return Format.JPEG
        return Format.WEBP

    @property
    def possible(self) -> frozenset[Format]:
        """The formats that a view may have."""
        return frozenset(map(self.of, Kind))
