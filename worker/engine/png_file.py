"""PNG and APNG: Pillow gets each frame as a still picture, and what is damaged is shown as far as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from pipeline.errors import CutOff, Unrenderable
from pipeline.images.header import Header
from worker.engine.animation import Layer, first_shown
from worker.engine.decoded import Decoded, PictureStrips, Strips
from worker.engine.meanings import meanings_of
from worker.engine.notes import CHECKSUM, COARSE, COARSE_BY_DAMAGE, LATER_FRAMES, NO_END
from worker.engine.png import ClearColour, clear_colour_of, lower_bytes_alike
from worker.engine.png_parts import PALETTE_KIND, Frame, Parts, alone, read_parts
from worker.engine.png_rows import CoarseStrips, Rows, count_rows
from worker.engine.rows import lenient

# What Pillow raises for a damaged file; an `OSError` with a number is the volume's.
_DAMAGED = (OSError, SyntaxError, EOFError, ValueError, IndexError, TypeError)


@dataclass(frozen=True, slots=True)
class _Still:
    """A frame as it was decoded; `rows` says how much of it is there if that is not sure to be all."""

    strips: Strips
    profile: bytes | None
    rows: Rows | None = None


def decode_png(file: BinaryIO, header: Header) -> Decoded:
    """The picture, or the first frame of an animation that shows anything."""
    parts = read_parts(file)
    if parts.head[9] == PALETTE_KIND and not parts.palette:
        raise Unrenderable
    size = parts.still.width, parts.still.height
    frame = parts.frames[0] if parts.frames else parts.still
    still = _still(file, parts, frame, header)
    strips, rows = still.strips, still.rows
    if parts.frames:
        strips = first_shown(_layers(file, parts, still, header), size)
    notes = _notes(parts, rows)
    part = (frame.y + rows.part * frame.height) / size[1] if rows and rows.part < 1 else 1.0
    return Decoded(
        strips,
        size,
        size,
        header.orientation,
        meanings_of(still.profile, header),
        size,
        rows=part,
        cut_off=not rows or rows.cut_off,
        notes=notes,
    )


def _notes(parts: Parts, rows: Rows | None) -> tuple[str, ...]:
    if rows and rows.coarse:
        return (COARSE if rows.cut_off else COARSE_BY_DAMAGE,)
    if rows and rows.part < 1:
        return ()
    if parts.disordered:
        return (LATER_FRAMES,)
    if not parts.ended:
        return (LATER_FRAMES if len(parts.frames) > 1 else NO_END,)
    return (CHECKSUM,) if rows or parts.skipped else ()


def _layers(file: BinaryIO, parts: Parts, first: _Still, header: Header) -> Iterator[Layer]:
    """The frames, up to the first damaged one that is not the first."""
    for frame in parts.frames:
        if frame.x + frame.width > parts.still.width or frame.y + frame.height > parts.still.height:
            return
        try:
            still = first if frame is parts.frames[0] else _still(file, parts, frame, header, damaged=False)
        except _DAMAGED as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            return
        yield Layer(still.strips.strip(0, frame.height), (frame.x, frame.y), frame.disposal, frame.over)


def _still(file: BinaryIO, parts: Parts, frame: Frame, header: Header, *, damaged: bool = True) -> _Still:
    """Decode one frame; if it is damaged, as far as it goes. Raises `CutOff` if not a row is there."""
    whole = None
    try:
        whole = _loaded(file, parts, frame, header)
        if not _ends_in_nothing(whole.strips, frame.height):
            return whole
    except _DAMAGED as error:
        if not damaged or (isinstance(error, OSError) and error.errno is not None):
            raise
    rows = count_rows(file, parts.head, (frame.width, frame.height), frame.data)
    if whole and rows.part == 1 and not rows.coarse:
        return whole
    if not rows.part:
        raise CutOff(0) if rows.cut_off else Unrenderable
    with lenient():
        still = _loaded(file, parts, frame, header, rows.sound)
    return _Still(CoarseStrips(still.strips, frame.width, rows) if rows.coarse else still.strips, still.profile, rows)


def _ends_in_nothing(strips: Strips, height: int) -> bool:
    """Whether one of the last two rows is black: so Pillow leaves what a sound end of the data leaves out."""
    rows = [strips.strip(y, y + 1).convert("RGBA").getextrema() for y in range(max(0, height - 2), height)]
    return any(all(most == 0 for _, most in bands[:3]) for bands in rows)  # type: ignore[misc]


def _loaded(file: BinaryIO, parts: Parts, frame: Frame, header: Header, most: int | None = None) -> _Still:
    with Image.open(alone(file, parts, frame, most).stream, formats=("PNG",)) as source:
        profile = parts.profile or None
        clear = source.info.get("transparency")
        if header.clear and source.mode == "RGB" and header.bits == 16 and clear is not None:
            alike = lower_bytes_alike(alone(file, parts, frame, most).stream, clear)
            source.load()
            del source.info["transparency"]
            return _Still(ClearColour(source, clear, alike), profile)
        source.load()
        if header.clear:
            clear_colour_of(source, header.bits)
        return _Still(PictureStrips(source), profile)
