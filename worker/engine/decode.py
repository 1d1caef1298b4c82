"""From an original to its pixels: by the decoder of its own format and no other, at the smallest scale that serves."""

from __future__ import annotations

import sys
from typing import BinaryIO

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageFile, PngImagePlugin

from pipeline.images.containers.png import INFLATED_BYTES
from pipeline.images.formats import Format, Header
from pipeline.images.recipe import GAP, VIEW
from worker.engine.decoded import Decoded
from worker.engine.gif import decode_gif
from worker.engine.heif import decode_avif, decode_heic
from worker.engine.jpeg import decode_jpeg
from worker.engine.png_file import decode_png
from worker.engine.tail import without_zeros
from worker.engine.webp import decode_webp
from worker.engine.webp_rows import can_decode_rows

_DECODERS = {
    Format.PNG: decode_png,
    Format.GIF: decode_gif,
    Format.WEBP: decode_webp,
    Format.HEIC: decode_heic,
    Format.AVIF: decode_avif,
}


def prepare() -> None:
    """Set the decoders up, once in a process: our own bounds come first, and one picture takes one core."""
    Image.MAX_IMAGE_PIXELS = None
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    PngImagePlugin.MAX_TEXT_CHUNK = INFLATED_BYTES
    PngImagePlugin.MAX_TEXT_MEMORY = sys.maxsize
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False
    can_decode_rows()


def decode(file: BinaryIO, header: Header, least: float = VIEW * GAP) -> Decoded:
    """Decode the picture, or an animation's first frame that shows anything.

    A JPEG is scaled down by its decoder on the way, as far as its longest side keeps `least` pixels; all others come
    whole. Raises `CutOff` if nothing of the picture is there, and whatever else a damaged file leads the decoders to.
    """
    source = without_zeros(file)
    source.seek(0)
    if header.format is Format.JPEG:
        return decode_jpeg(source, header, least)
    return _DECODERS[header.format](source, header)
