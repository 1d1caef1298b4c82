"""WebP that is cut off or damaged: libwebp's incremental decoder hands out the rows before that."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache

from PIL import Image, _webp

from pipeline.images.containers.webp import Chunk

_RGB, _RGBA = 0, 1
_ALPHA_FLAG = 0x10


@dataclass(frozen=True, slots=True)
class Partial:
    """A picture, and how many of its rows, from the top, are there."""

    picture: Image.Image
    rows: int


def can_decode_rows() -> bool:
    """Whether libwebp can be called; asked once in a process, before it loses the right to open files."""
    return _libwebp() is not None


def decode_rows(data: bytes, chunks: list[Chunk]) -> Partial | None:
    """The rows of one frame, of which `chunks` (`ALPH`, `VP8 ` or `VP8L`) are in `data`; None if there are none."""
    library, pixels = _libwebp(), next((chunk for chunk in chunks if chunk.name in (b"VP8 ", b"VP8L")), None)
    if library is None or pixels is None:
        return None
    alpha = next((chunk for chunk in chunks if chunk.name == b"ALPH"), None)
    stream = _alone(data, pixels, alpha if pixels.name == b"VP8 " else None)
    mode = "RGBA" if pixels.name == b"VP8L" or alpha is not None else "RGB"
    decoder = library.WebPINewRGB(_RGBA if mode == "RGBA" else _RGB, None, 0, 0)
    if not decoder:
        raise MemoryError
    try:
        library.WebPIAppend(decoder, stream, len(stream))
        rows, width, height, stride = (ctypes.c_int() for _ in range(4))
        numbers = (ctypes.byref(number) for number in (rows, width, height, stride))
        memory = library.WebPIDecGetRGB(decoder, *numbers)
        if not memory or rows.value <= 0:
            return None
        found = ctypes.string_at(memory, stride.value * rows.value)
        there = Image.frombytes(mode, (width.value, rows.value), found, "raw", mode, stride.value)
    finally:
        library.WebPIDelete(decoder)
    picture = Image.new(mode, (width.value, height.value))
    picture.paste(there, (0, 0))
    return Partial(picture, rows.value)


def _alone(data: bytes, pixels: Chunk, alpha: Chunk | None) -> bytes:
    """A still file of one frame, cut off where its pixels are."""
    stream, before = data[pixels.at : pixels.at + pixels.length], b""
    if alpha is not None:
        sides = [(int.from_bytes(stream[at : at + 2], "little") & 0x3FFF) - 1 for at in (6, 8)]
        size = b"".join(max(0, side).to_bytes(3, "little") for side in sides)
        opacity = data[alpha.at : alpha.at + alpha.length]
        before = _head(b"VP8X", 10) + bytes((_ALPHA_FLAG, 0, 0, 0)) + size
        before += _head(b"ALPH", len(opacity)) + opacity + bytes(len(opacity) % 2)
    whole = 4 + len(before) + 8 + pixels.length + pixels.length % 2
    return _head(b"RIFF", whole) + b"WEBP" + before + _head(pixels.name, pixels.length) + stream


def _head(name: bytes, length: int) -> bytes:
    return name + length.to_bytes(4, "little")


@cache
def _libwebp() -> ctypes.CDLL | None:
    """What Pillow is linked to, if it can be called."""
    try:
        library = ctypes.CDLL(_webp.__file__)
        for name in ("WebPIAppend", "WebPIDelete"):
            getattr(library, name)
        library.WebPINewRGB.restype = ctypes.c_void_p
        library.WebPINewRGB.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        library.WebPIAppend.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)
        library.WebPIDecGetRGB.restype = ctypes.c_void_p
        library.WebPIDecGetRGB.argtypes = (ctypes.c_void_p, *[ctypes.POINTER(ctypes.c_int)] * 4)
        library.WebPIDelete.argtypes = (ctypes.c_void_p,)
        library.WebPIDelete.restype = None
    except (OSError, AttributeError):
        return None
    return library
