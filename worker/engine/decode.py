"""From an original to its pixels: by the decoder of its own format and no other, at the smallest scale that serves."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import pillow_heif
from PIL import AvifImagePlugin, Image, ImageFile, PngImagePlugin, _webp

from pipeline.images.containers.png import INFLATED_BYTES
from pipeline.images.formats import Format, Header
from pipeline.images.recipe import decoding_scale
from worker.engine.cicp import Meaning, coded, coded_in_png, measured
from worker.engine.gif import first_frame, is_empty
from worker.engine.png import ClearColour, clear_colour_of, lower_bytes_alike

_EMPTY_FRAMES = 10
_DECODERS = {Format.JPEG: ("JPEG", "MPO")}


class Strips(Protocol):
    """A decoded picture, handed out in strips, so that no second copy of the whole is ever made."""

    def strip(self, top: int, bottom: int) -> Image.Image:
        """The rows from `top` to `bottom`."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels not yet upright or in sRGB. `size` is that of `strips`; `box` the picture in it, where the scaled
    decoder rounded up; `orientation` the EXIF value by which it must still be turned; `meanings` what the file
    says of its colours, what counts most first."""

    strips: Strips
    size: tuple[int, int]
    box: tuple[float, float]
    orientation: int
    meanings: Sequence[Meaning]


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


@contextmanager
def decoded(file: BinaryIO, header: Header) -> Iterator[Decoded]:
    """Decode the picture, or an animation's first frame that shows anything.

    A JPEG is scaled by its decoder on the way, all others come whole.
    """
    if header.format is Format.HEIC:
        yield _heic(file, header)
        return
    if header.format is Format.WEBP:
        yield _webp_frame(file, header)
        return
    if header.format is Format.GIF:
        size = header.width, header.height
        yield Decoded(first_frame(file, header, _EMPTY_FRAMES), size, size, 1, ())
        return
    formats = _DECODERS.get(header.format, (header.format.value.upper(),))
    with Image.open(file, formats=formats) as source:
        box: tuple[float, ...] = (0, 0, *source.size)
        # what follows the pixels no longer counts
        meanings = _meanings(source.info, header)
        if header.format is Format.JPEG:
            scale = decoding_scale(*source.size)
            drafted = source.draft(None, (max(1, source.width // scale), max(1, source.height // scale)))
            box = drafted[1] if drafted is not None else box
        if header.animated:
            _seek_first_with_content(source)
        strips = _clear_png(file, source, header) if header.clear else _Picture(source)
        source.load()
        yield Decoded(strips, source.size, (box[2], box[3]), header.orientation, meanings)


def _clear_png(file: BinaryIO, source: Image.Image, header: Header) -> Strips:
    """A PNG with one transparent colour."""
    clear = source.info.get("transparency")
    if source.mode == "RGB" and header.bits == 16 and clear is not None and not header.animated:
        alike = lower_bytes_alike(file, clear)
        del source.info["transparency"]
        return ClearColour(source, clear, alike)
    clear_colour_of(source, header.bits)
    return _Picture(source)


class _Picture:
    """The strips of a Pillow image."""

    def __init__(self, picture: Image.Image) -> None:
        self._picture = picture

    def strip(self, top: int, bottom: int) -> Image.Image:
        if bottom - top == self._picture.height:
            return self._picture
        return self._picture.crop((0, top, self._picture.width, bottom))


class _Rows:
    """The strips of rows of bytes, straight from the memory of a decoder."""

    def __init__(self, data: bytes | memoryview, size: tuple[int, int], mode: str, raw_mode: str, stride: int) -> None:
        self._data = memoryview(data)
        self._size = size
        self._mode, self._raw_mode, self._stride = mode, raw_mode, stride

    def strip(self, top: int, bottom: int) -> Image.Image:
        rows = self._data[top * self._stride : bottom * self._stride]
        size = (self._size[0], bottom - top)
        return Image.frombytes(self._mode, size, rows, "raw", self._raw_mode, self._stride)


def _heic(file: BinaryIO, header: Header) -> Decoded:
    container = pillow_heif.open_heif(file, convert_hdr_to_8bit=True)
    picture = container[container.primary_index]
    rows = _Rows(picture.data, picture.size, picture.mode, picture.mode, picture.stride)
    return Decoded(rows, picture.size, picture.size, 1, _meanings(picture.info, header))


def _meanings(info: dict[Any, Any], header: Header) -> list[Meaning]:
    """A profile counts before code points in HEIC and AVIF; in PNG cICP, iCCP, sRGB, and gAMA with cHRM (PNG, 4.3)."""
    meanings: list[Meaning | None] = [info.get("icc_profile") or None]
    if header.format is Format.PNG:
        if header.color:
            meanings.insert(0, coded_in_png(*header.color, header.peak_nits))
        if header.measured:
            meanings.append(measured(*header.measured))
    elif header.color:
        meanings.append(coded(*header.color, header.peak_nits))
    return [meaning for meaning in meanings if meaning is not None]


def _webp_frame(file: BinaryIO, header: Header) -> Decoded:
    """By the decoder beneath Pillow's plugin, which would keep its canvases and two copies of the frame."""
    decoder = _webp.WebPAnimDecoder(file.read())
    (width, height), _, _, frames, raw_mode = decoder.get_info()
    profile = decoder.get_chunk("ICCP")
    mode = "RGB" if raw_mode == "RGBX" else raw_mode
    data: bytes | None = None
    for _ in range(min(frames, _EMPTY_FRAMES)):
        if (found := decoder.get_next()) is None:
            raise EOFError("the frame cannot be decoded")
        data = found[0]
        if frames == 1 or not is_empty(Image.frombytes(mode, (width, height), data, "raw", raw_mode)):
            break
    else:
        decoder.reset()
        data = decoder.get_next()[0]
    del decoder
    assert data is not None
    rows = _Rows(data, (width, height), mode, raw_mode, width * 4)
    return Decoded(rows, (width, height), (width, height), header.orientation, (profile,) if profile else ())


def _seek_first_with_content(source: Image.Image) -> None:
    """Stand on the first frame that is neither transparent nor of one colour; on the first if there is none."""
    for number in range(_EMPTY_FRAMES):
        try:
            source.seek(number)
        except EOFError:
            break
        if not is_empty(source):
            return
    source.seek(0)
