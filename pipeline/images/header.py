"""What is known of a picture before it is decoded: its format and what its header tells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.open_enum import OpenEnum

# What an unknown format may add to a path.
_PLAIN = re.compile("[a-z0-9]{1,16}")


class Format(OpenEnum):
    """A picture format that is accepted; the value is what records and metrics call it. A newer release may accept
    others."""

    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    HEIC = "heic"
    AVIF = "avif"

    @property
    def content_type(self) -> str:
        """The media type the original is served with."""
        return f"image/{self.value}" if self.is_known else "application/octet-stream"

    @property
    def extension(self) -> str:
        """The extension of the stored original, without the dot."""
        if not self.is_known:
            return self.value if _PLAIN.fullmatch(self.value) else "unknown"
        return {Format.JPEG: "jpg"}.get(self, self.value)

    @property
    def label(self) -> str:
        """The name people know it by."""
        return {Format.WEBP: "WebP"}.get(self, self.value.upper())


READ_WHOLE = frozenset({Format.WEBP, Format.HEIC, Format.AVIF})
"""Formats whose decoders want the whole file in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A picture's header; sizes in pixels.

    `width` and `height` are upright, after `orientation` (the EXIF value, 1 to 8, by which a decoded picture
    must still be turned). `samples` is the number of colour samples kept per pixel, which chroma subsampling
    makes a fraction (a usual JPEG has 1.5), `bits` the size of one. `buffered` says that a decoder must hold
    the whole picture in coefficients before it can scale: a progressive JPEG, or one of several `scans`. `held` is
    how many bytes of the file itself a decoder keeps in memory: its metadata, or all of it. `color` is what the
    numbers mean where no profile tells it: primaries and transfer by the code points of ITU-T H.273; `peak_nits` is
    the brightest light in it (0 if unknown). `measured` is what a PNG says in place
    of all this: its gamma, and x and y of white, red, green and blue, if it has them. `clear` says that one colour of a
    PNG is transparent. `coded_pixels` are those of the largest piece that a decoder makes, if it is larger than what is
    shown: a crop comes after decoding, and a frame may be larger than the screen. `ended` is false if a GIF lacks its
    trailer, and `cut_frames` true if it ends within a frame that is not its first.
    """

    format: Format
    width: int
    height: int
    orientation: int = 1
    frames: int = 1
    duration_ms: int = 0
    samples: float = 3.0
    bits: int = 8
    buffered: bool = False
    scans: int = 1
    held: int = 0
    color: tuple[int, int] | None = None
    peak_nits: int = 0
    measured: tuple[float, tuple[float, ...]] | None = None
    clear: bool = False
    coded_pixels: int = 0
    ended: bool = True
    cut_frames: bool = False

    @property
    def animated(self) -> bool:
        """Whether there is more than one frame to play."""
        return self.frames > 1

    @property
    def pixels(self) -> int:
        """Pixels of one frame, as it is decoded."""
        return max(self.width * self.height, self.coded_pixels)


def upright(width: int, height: int, orientation: int) -> tuple[int, int]:
    """The size after turning by the EXIF orientation; 5 to 8 lie on their side."""
    return (height, width) if orientation >= 5 else (width, height)
