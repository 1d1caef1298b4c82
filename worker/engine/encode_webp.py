"""WebP as the renditions need it: by the libwebp that Pillow brings, with what Pillow's own writer does not hand on.

Structures and calls are those of libwebp's `encode.h`, whose generation libwebp checks where it fills them first.
"""

from __future__ import annotations

import ctypes
import io
from dataclasses import dataclass
from functools import cache

from PIL import Image, _webp

from pipeline.images.recipe import EFFORT

_ABI = 0x0210
# for the picture, for the bits, and for what is written: our writer fails for no other reason
_OUT_OF_MEMORY = (1, 2, 8)
_CALLS = (
    "WebPConfigInitInternal", "WebPPictureInitInternal", "WebPPictureImportRGB", "WebPPictureImportRGBA", "WebPEncode",
    "WebPPictureFree", "WebPMemoryWriterInit", "WebPMemoryWrite", "WebPMemoryWriterClear",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoding:
    """libwebp's parameters: quality 0 to 100, effort ("method") 0 to 6, strength of the deblocking filter 0 to 100,
    and the number of segments, 1 to 4, that get a quantiser of their own."""

    quality: float = 80.0
    effort: int = EFFORT
    filter_strength: int = 60
    segments: int = 4


ENCODINGS = {
    "grid": Encoding(quality=80.1, filter_strength=80, segments=3),
    "view": Encoding(filter_strength=100),
}
"""Of each rendition, chosen by measurement (`bench.choices`). More filtering costs nothing and brings photographs
nearer to their originals; of small pictures a fourth segment costs more than it saves, and that went into quality."""


def encoded(picture: Image.Image, encoding: Encoding) -> bytes:
    """An RGB or RGBA picture as a lossy WebP file that holds nothing but the picture.

    Where Pillow's libwebp is out of reach (linked in and hidden, or of another generation), Pillow writes the file,
    a little less well. Raises `MemoryError`, and `ValueError` for what libwebp refuses.
    """
    library = _libwebp()
    if library is None:
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=encoding.quality, method=encoding.effort)
        return out.getvalue()
    settings = _Config()
    library.WebPConfigInitInternal(ctypes.byref(settings), 0, ctypes.c_float(encoding.quality), _ABI)
    settings.method = encoding.effort
    settings.filter_strength = encoding.filter_strength
    settings.segments = encoding.segments
    written, frame = _Writer(), _Picture()
    library.WebPMemoryWriterInit(ctypes.byref(written))
    library.WebPPictureInitInternal(ctypes.byref(frame), _ABI)
    frame.width, frame.height = picture.size
    frame.writer = ctypes.cast(library.WebPMemoryWrite, ctypes.c_void_p)
    frame.custom = ctypes.addressof(written)
    take = library.WebPPictureImportRGBA if picture.mode == "RGBA" else library.WebPPictureImportRGB
    try:
        stride = picture.width * len(picture.getbands())
        if not take(ctypes.byref(frame), picture.tobytes(), stride) or not library.WebPEncode(
            ctypes.byref(settings), ctypes.byref(frame)
        ):
            if frame.error in _OUT_OF_MEMORY:
                raise MemoryError
            raise ValueError(f"libwebp refuses the picture: error {frame.error}")
        return ctypes.string_at(written.memory, written.size)
    finally:
        library.WebPPictureFree(ctypes.byref(frame))
        library.WebPMemoryWriterClear(ctypes.byref(written))


def libwebp_is_called() -> bool:
    """Whether `encoded` calls libwebp itself, and Pillow's writer is not needed."""
    return _libwebp() is not None


@cache
def _libwebp() -> ctypes.CDLL | None:
    """What Pillow is linked to, if it can be called and is of the generation that is described below."""
    try:
        library = ctypes.CDLL(_webp.__file__)
        for name in _CALLS:
            getattr(library, name)
    except (OSError, AttributeError):
        return None
    return library if library.WebPPictureInitInternal(ctypes.byref(_Picture()), _ABI) else None


def _ints(names: str) -> list[tuple[str, type[ctypes.c_int]]]:
    return [(name, ctypes.c_int) for name in names.split()]


class _Config(ctypes.Structure):
    """`WebPConfig`."""

    _fields_ = (
        ("lossless", ctypes.c_int), ("quality", ctypes.c_float), ("method", ctypes.c_int),
        ("image_hint", ctypes.c_int), ("target_size", ctypes.c_int), ("target_psnr", ctypes.c_float),
        *_ints(
            "segments sns_strength filter_strength filter_sharpness filter_type autofilter alpha_compression"
            " alpha_filtering alpha_quality passes show_compressed preprocessing partitions partition_limit"
            " emulate_jpeg_size thread_level low_memory near_lossless exact use_delta_palette use_sharp_yuv qmin qmax"
        ),
        # should it grow within its generation
        ("_spare", ctypes.c_uint32 * 16),
    )  # fmt: skip


class _Picture(ctypes.Structure):
    """`WebPPicture`."""

    _fields_ = (
        *_ints("use_argb colorspace width height"),
        ("y", ctypes.c_void_p), ("u", ctypes.c_void_p), ("v", ctypes.c_void_p), *_ints("y_stride uv_stride"),
        ("alpha", ctypes.c_void_p), ("alpha_stride", ctypes.c_int), ("_pad1", ctypes.c_uint32 * 2),
        ("argb", ctypes.c_void_p), ("argb_stride", ctypes.c_int), ("_pad2", ctypes.c_uint32 * 3),
        ("writer", ctypes.c_void_p), ("custom", ctypes.c_void_p),
        ("extra_info_type", ctypes.c_int), ("extra_info", ctypes.c_void_p),
        ("stats", ctypes.c_void_p), ("error", ctypes.c_int),
        ("progress_hook", ctypes.c_void_p), ("user_data", ctypes.c_void_p),
        ("_pad3", ctypes.c_uint32 * 3), ("_pad4", ctypes.c_void_p * 2), ("_pad5", ctypes.c_uint32 * 8),
        ("_memory", ctypes.c_void_p), ("_memory_argb", ctypes.c_void_p), ("_pad6", ctypes.c_void_p * 2),
    )  # fmt: skip


class _Writer(ctypes.Structure):
    """`WebPMemoryWriter`."""

    _fields_ = (
        ("memory", ctypes.c_void_p), ("size", ctypes.c_size_t), ("capacity", ctypes.c_size_t),
        ("_pad", ctypes.c_uint32),
    )  # fmt: skip
