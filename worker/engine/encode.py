"""Renditions as files: each format's encoder, at a quality by which photographs look as well as WebP on average."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from PIL import Image, features

from pipeline.images.header import Format
from worker.engine import encode_webp

AVIF: dict[str, Any] = {
    "format": "AVIF", "quality": 68, "speed": 10, "codec": "aom", "max_threads": 1, "autotiling": False,
    "advanced": {"tune": "ssim", "sharpness": "3", "disable-trellis-quant": "1"},
    "icc_profile": b"", "exif": b"", "xmp": b"",
}  # fmt: skip
"""libaom as Pillow brings it, in one thread, for a worker has one core. Its tuning `iq` and the search for the best
coefficients would save a twentieth of the bytes for the same likeness, and take a third more time. At this quality
views take as many bytes as WebP and are closer to their originals; of 28 photographs the worst one is 1.3 % further
away (SSIMULACRA 2) than as our WebP, and none is by SSIM, the decoder's scaling included."""
JPEG: dict[str, Any] = {"format": "JPEG", "quality": 85, "comment": b"", "xmp": b""}
"""libjpeg-turbo, in one pass. Tables of its own (`optimize`), or coarse before fine (`progressive`), would save a
twentieth of the bytes and take five times as long."""


def encoded(name: str, picture: Image.Image, format_: Format, effort: int) -> bytes:
    """The file of the rendition `name`: an RGB or RGBA picture, and nothing else. `effort` (0 to 6) is the WebP
    encoder's. Raises `MemoryError`."""
    if format_ is Format.WEBP:
        return encode_webp.encoded(picture, replace(encode_webp.ENCODINGS[name], effort=effort))
    out = io.BytesIO()
    try:
        # a copy of what a decoder returned, whose file may be gone
        opaque = picture if type(picture) is Image.Image and picture.mode == "RGB" else picture.convert("RGB")
        opaque.save(out, **(AVIF if format_ is Format.AVIF else JPEG))
    except (OSError, RuntimeError) as error:
        # libavif has no other word for it, and nothing here is the volume's
        raise MemoryError from error
    return out.getvalue()


def available(format_: Format) -> Format:
    """This format, or WebP if this Pillow was built without its encoder."""
    if format_ is Format.AVIF and not avif_is_there():
        return Format.WEBP
    return format_


def avif_is_there() -> bool:
    """Whether this Pillow can write AVIF."""
    if not features.check("avif"):
        return False
    from PIL import _avif

    return bool(_avif.encoder_codec_available("aom"))
