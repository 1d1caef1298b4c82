"""GIF: frames painted on a transparent canvas, as browsers do; Pillow decodes each one by itself."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from pipeline.errors import CutOff, Unrenderable
from pipeline.images.containers.gif import Frame, cut_block, frames
from pipeline.images.header import Header
from worker.engine.animation import SEEN, Disposal, Layer, PlacedStrips, first_shown
from worker.engine.decoded import Decoded, PictureStrips
from worker.engine.notes import COARSE, COARSE_BY_DAMAGE, LATER_FRAMES, NO_END
from worker.engine.rows import fingerprints, lenient
from worker.engine.splice import Piece, Spliced

_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE}
# What Pillow raises for a damaged frame; an `OSError` with a number is the volume's.
_DAMAGED = (OSError, EOFError, SyntaxError, ValueError)
# The rows of an interlaced frame come in four passes; the first has every eighth.
_BAND = 8


@dataclass(frozen=True, slots=True)
class _Pixels:
    """A frame as it was decoded, how many of its rows are there, whether some between them are not, and whether that is
    because the file ends."""

    picture: Image.Image
    rows: int
    coarse: bool = False
    cut_off: bool = False


def decode_gif(file: BinaryIO, header: Header) -> Decoded:
    """The picture, or the first frame of an animation that shows anything; a still picture is its only frame."""
    size = header.width, header.height
    first = next(frames(file), None)
    if first is None:
        raise EOFError("no frame")
    pixels = _decoded(file, first)
    if header.animated:
        strips = first_shown(_layers(file, pixels), size)
    else:
        strips = PlacedStrips(_layer(first, pixels.picture), size)
    part = 1.0 if pixels.rows >= first.height else (first.y + pixels.rows) / size[1]
    notes = _notes(header, pixels) if part == 1 else ()
    return Decoded(strips, size, size, 1, (), size, rows=part, cut_off=pixels.cut_off, notes=notes)


def _notes(header: Header, pixels: _Pixels) -> tuple[str, ...]:
    if pixels.coarse:
        return (COARSE if pixels.cut_off else COARSE_BY_DAMAGE,)
    if header.cut_frames:
        return (LATER_FRAMES,)
    return () if header.ended else (NO_END,)


def _layers(file: BinaryIO, first: _Pixels) -> Iterator[Layer]:
    """The frames, up to the first damaged one that is not the first."""
    for number, frame in enumerate(frames(file)):
        if number == SEEN:
            return
        try:
            yield _layer(frame, _decoded(file, frame, damaged=False).picture if number else first.picture)
        except _DAMAGED as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            return


def _layer(frame: Frame, picture: Image.Image) -> Layer:
    return Layer(picture, (frame.x, frame.y), _DISPOSALS.get(frame.disposal, Disposal.KEEP))


def _decoded(file: BinaryIO, frame: Frame, *, damaged: bool = True) -> _Pixels:
    """Decode one frame; if it is damaged, as far as it goes. Raises `CutOff` if not a row is there."""
    if not frame.width or not frame.height:
        return _Pixels(Image.new("RGBA", (frame.width, frame.height)), frame.height)
    try:
        return _Pixels(_loaded(file, frame), frame.height)
    except _DAMAGED as error:
        if not damaged or (isinstance(error, OSError) and error.errno is not None):
            raise
    with lenient():
        rows = fingerprints(PictureStrips(_loaded(file, frame, 1)), frame.height)
        picture = _loaded(file, frame, 0)
    there = [one == other for one, other in zip(rows, fingerprints(PictureStrips(picture), frame.height), strict=True)]
    count = there.index(False) if False in there else frame.height
    coarse = False
    if frame.interlaced:
        first = there[::_BAND]
        count = min(frame.height, _BAND * (first.index(False) if False in first else len(first)))
        coarse = not all(there[:count])
        _repeat_rows(picture, there[:count])
    cut_off = cut_block(file, frame) is not None
    if not count:
        raise CutOff(0) if cut_off else Unrenderable
    return _Pixels(picture, count, coarse, cut_off)


def _repeat_rows(picture: Image.Image, there: list[bool]) -> None:
    """Put the row above into each row that is missing."""
    for y, known in enumerate(there):
        if not known:
            picture.paste(picture.crop((0, y - 1, picture.width, y)), (0, y))


def _loaded(file: BinaryIO, frame: Frame, fill: int | None = None) -> Image.Image:
    """The frame alone, in mode P or L; what is missing has the value `fill`."""
    # without a palette all is black, as Chromium shows it
    palette = frame.palette or bytes(768)
    flags = 0x80 | (len(palette) // 3).bit_length() - 2
    head = b"GIF89a" + struct.pack("<HHBBB", frame.width, frame.height, flags, 0, 0) + palette
    head += b"\x2c" + struct.pack("<HHHHB", 0, 0, frame.width, frame.height, frame.interlaced << 6)
    with Image.open(Spliced(file, [head, *_data(file, frame, fill)]).stream, formats=("GIF",)) as source:
        if fill is not None:
            source.im = Image.new(source.mode, source.size, fill).im
        source.load()
        if frame.transparent is not None:
            source.info["transparency"] = frame.transparent
        return source


def _data(file: BinaryIO, frame: Frame, fill: int | None) -> list[Piece]:
    """The rest of the file; if the frame is damaged and the file ends in a sub-block, that one is made shorter."""
    cut = None if fill is None else cut_block(file, frame)
    if cut is None:
        return [(frame.start, file.seek(0, 2) - frame.start)]
    at, length = cut
    return [(frame.start, at - frame.start), bytes([length]), (at + 1, length), b"\0"]
