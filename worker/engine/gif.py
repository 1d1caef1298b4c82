"""GIF: frames painted on a transparent canvas, as browsers do; Pillow decodes each one by itself."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

from PIL import Image

from pipeline.images.containers.gif import Frame, frames
from pipeline.images.containers.reading import Truncated
from pipeline.images.header import Header

_CLEAR, _RESTORE = 2, 3
_STRIP_PIXELS = 2_000_000


class PlacedFrame:
    """The strips of one frame on a canvas that is transparent elsewhere; no second copy of the whole is made."""

    def __init__(self, picture: Image.Image, place: tuple[int, int], size: tuple[int, int]) -> None:
        self._picture, self._place, self._size = picture, place, size

    def strip(self, top: int, bottom: int) -> Image.Image:
        """The rows from `top` to `bottom`; in the frame's own mode if it covers all of the canvas."""
        (x, y), picture = self._place, self._picture
        if self._place == (0, 0) and picture.size == self._size:
            return picture if bottom - top == picture.height else picture.crop((0, top, picture.width, bottom))
        canvas = Image.new("RGBA", (self._size[0], bottom - top))
        first, last = max(top, y), min(bottom, y + picture.height)
        if first < last:
            _paint(canvas, picture.crop((0, first - y, picture.width, last - y)), (x, first - top))
        return canvas


def first_frame(file: BinaryIO, header: Header, seen: int) -> PlacedFrame:
    """The first of the frames, `seen` of them at most, with which there is anything to see; else the first one.

    There is nothing to see on a canvas that is transparent, or of one colour. A still picture is its only frame.
    """
    size = header.width, header.height
    canvas: Image.Image | None = None
    first: PlacedFrame | None = None
    for number, (frame, picture) in enumerate(_pictures(file)):
        if number == seen:
            break
        if first is None:
            first = PlacedFrame(picture, (frame.x, frame.y), size)
            if not header.animated or not is_empty(first.strip(0, size[1])):
                return first
            canvas = Image.new("RGBA", size)
        assert canvas is not None
        before = canvas.copy() if frame.disposal == _RESTORE else canvas
        _paint(canvas, picture, (frame.x, frame.y))
        if number and not is_empty(canvas):
            return PlacedFrame(canvas, (0, 0), size)
        canvas = before
        if frame.disposal == _CLEAR:
            canvas.paste((0, 0, 0, 0), (frame.x, frame.y, frame.x + frame.width, frame.y + frame.height))
    if first is None:
        raise EOFError("no frame")
    return first


def _pictures(file: BinaryIO) -> Iterator[tuple[Frame, Image.Image]]:
    """Each frame and its pixels. A damaged one ends them, if it is not the first."""
    whole = 0
    try:
        for frame in frames(file):
            picture = _decoded(file, frame)
            yield frame, picture
            whole += 1
    except (OSError, EOFError, SyntaxError, ValueError, Truncated) as error:
        if not whole or (isinstance(error, OSError) and error.errno is not None):
            raise


def is_empty(frame: Image.Image) -> bool:
    """Whether it is transparent, or of one colour."""
    straight = frame if frame.mode == "RGBA" else frame.convert("RGBA")
    bands = straight.getextrema()
    return bands[3][1] == 0 or all(low == high for low, high in bands)  # type: ignore[misc]


def _paint(canvas: Image.Image, picture: Image.Image, place: tuple[int, int]) -> None:
    """Paint what is opaque, in strips: a frame is large, and a canvas is there already."""
    rows = max(1, _STRIP_PIXELS // max(1, picture.width))
    for top in range(0, picture.height, rows):
        strip = picture.crop((0, top, picture.width, min(picture.height, top + rows))).convert("RGBA")
        canvas.paste(strip, (place[0], place[1] + top), strip)


def _decoded(file: BinaryIO, frame: Frame) -> Image.Image:
    """The frame alone, in mode P; one without pixels is an empty picture of mode RGBA."""
    if not frame.width or not frame.height:
        return Image.new("RGBA", (frame.width, frame.height))
    # without a palette all is black, as Chromium shows it
    palette = frame.palette or bytes(768)
    flags = 0x80 | (len(palette) // 3).bit_length() - 2
    head = b"GIF89a" + struct.pack("<HHBBB", frame.width, frame.height, flags, 0, 0) + palette
    if frame.transparent is not None:
        head += b"\x21\xf9\x04\x01\x00\x00" + bytes((frame.transparent, 0))
    head += b"\x2c" + struct.pack("<HHHHB", 0, 0, frame.width, frame.height, frame.interlaced << 6)
    with Image.open(io.BufferedReader(_Alone(head, file, frame.start)), formats=("GIF",)) as source:
        source.load()
        return source


class _Alone(io.RawIOBase):
    """A file that begins with `head` and goes on as `file` does from `start`; nothing of it is copied."""

    def __init__(self, head: bytes, file: BinaryIO, start: int) -> None:
        self._head, self._file, self._start, self._at = head, file, start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (self._at if whence == 1 else 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = len(buffer)
        data = self._head[self._at : self._at + wanted]
        if len(data) < wanted:
            self._file.seek(self._start + max(0, self._at - len(self._head)))
            data += self._file.read(wanted - len(data))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
