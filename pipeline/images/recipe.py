"""What renditions there are, and the versions of the ways in which they are made and facts are read."""

from __future__ import annotations

from pipeline.images.view_format import ViewFormat

RECIPE = 8
"""Raised with every change that makes other pictures of an original; `gallery regenerate` brings the rest along."""

FACTS_VERSION = 1
"""Raised with every change that reads other facts of the camera; `gallery regenerate --facts` brings the rest along."""

GRID, VIEW = 480, 1600
"""The longest side of each rendition, in pixels."""

EFFORT = 4
"""How hard the WebP encoder works, 0 to 6, where nothing else is set: more costs twice the time for one percent."""

GAP = 1.5
"""A quick block filter goes before the slow one only as far as the picture stays this much larger than the result."""

DECODER_GAPS = {ViewFormat.AUTO: 1.25, ViewFormat.WEBP: GAP, ViewFormat.JPEG: 1.0}
"""As `GAP`, for the view of a JPEG that its decoder scales: an encoder may lose more than that filter does. As AVIF,
with less than 1.25 some photographs are more than 3 % further from the original (SSIMULACRA 2) than as WebP. Views as
JPEG are for those who want speed."""


def decoding_scale(width: int, height: int, least: float = VIEW * GAP) -> int:
    """The part (1, 1/2, 1/4 or 1/8 of each side) at which a JPEG is decoded: the smallest whose longest side has
    `least` pixels or more."""
    longest = max(width, height)
    return next((scale for scale in (8, 4, 2) if longest / scale >= least), 1)
