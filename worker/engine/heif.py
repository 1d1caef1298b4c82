"""HEIC by libheif and AVIF by libavif; what is cut off is completed with nonsense, and shown up to there."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

import pillow_heif
from PIL import Image

from pipeline.errors import CutOff
from pipeline.images.containers.heif import cropped, items_of
from pipeline.images.containers.items import Items
from pipeline.images.header import Header
from worker.engine.animation import SEEN, is_empty
from worker.engine.decoded import Decoded, PictureStrips, RowStrips, Strips
from worker.engine.meanings import meanings_of
from worker.engine.notes import LATER_FRAMES
from worker.engine.rows import fingerprints, same_rows
from worker.engine.splice import Spliced

# A tenth of the rows at least must be there, and more is not added; more than this no picture needs.
_MOST_ADDED_TIMES, _MOST_ADDED = 20, 64 * 1024 * 1024
_BRANDS_BYTES = 256
_NOISE = random.Random(0).randbytes(1 << 16)  # noqa: S311


@dataclass(frozen=True, slots=True)
class _Picture:
    strips: Strips
    size: tuple[int, int]
    profile: bytes | None
    notes: tuple[str, ...] = ()


_Decoder = Callable[[BinaryIO, Header], _Picture]


def decode_heic(file: BinaryIO, header: Header) -> Decoded:
    """The primary picture, cropped and turned already."""
    return _decode(file, header, _heic)


def decode_avif(file: BinaryIO, header: Header) -> Decoded:
    """The primary picture, or the first frame of a sequence that shows anything; cropped, but not turned."""
    return _decode(file, header, _avif)


def _decode(file: BinaryIO, header: Header, decoder: _Decoder) -> Decoded:
    size = file.seek(0, 2)
    items = None if header.animated else items_of(file)
    needed = [extent for item in _needed(items) for extent in items.extents.get(item, ())] if items else []
    missing = max((at + length for at, length in needed), default=0) - size
    file.seek(0)
    if missing <= 0 or items is None:
        return _decoded(decoder(file, header), header)
    if missing > min(_MOST_ADDED, _MOST_ADDED_TIMES * size):
        raise CutOff(0)
    data = file.read()
    rows = _rows(decoder(io.BytesIO(data + _NOISE * (missing // len(_NOISE) + 1)), header))
    picture = decoder(io.BytesIO(data + bytes(missing)), header)
    return _decoded(picture, header, same_rows(rows, _rows(picture)) / picture.size[1])


def _rows(picture: _Picture) -> list[int]:
    return fingerprints(picture.strips, picture.size[1])


def _needed(items: Items) -> Iterable[int]:
    """The items that hold pixels of the primary picture, and of its transparency."""
    shown = {items.primary, *items.tiles}
    alpha = [item for (kind, item), others in items.references.items() if kind == b"auxl" and shown & set(others)]
    return [*shown, *alpha]


def _decoded(picture: _Picture, header: Header, rows: float = 1.0) -> Decoded:
    return Decoded(
        picture.strips,
        picture.size,
        picture.size,
        header.orientation,
        meanings_of(picture.profile, header),
        picture.size,
        rows=rows,
        notes=picture.notes,
    )


def _heic(file: BinaryIO, _: Header) -> _Picture:
    container = pillow_heif.open_heif(file, convert_hdr_to_8bit=True)
    picture = container[container.primary_index]
    rows = RowStrips(picture.data, picture.size, picture.mode, picture.mode, picture.stride)
    profile: Any = picture.info.get("icc_profile")
    return _Picture(rows, picture.size, profile)


def _avif(file: BinaryIO, header: Header) -> _Picture:
    crop = cropped(file)
    with Image.open(_branded(file), formats=("AVIF",)) as source:
        profile = source.info.get("icc_profile")
        notes = _seek_first_shown(source) if header.animated else ()
        source.load()
        size = crop[2:] if crop else source.size
        return _Picture(PictureStrips(source, size), size, profile, notes)


def _branded(file: BinaryIO) -> BinaryIO:
    """A file that says what it is: libavif takes none that has general brands alone."""
    file.seek(0)
    head = file.read(_BRANDS_BYTES)
    brands = head[8 : int.from_bytes(head[:4])]
    if b"avif" in brands or b"avis" in brands:
        file.seek(0)
        return file
    size = file.seek(0, 2)
    return Spliced(file, [head[:8] + b"avif", (12, size - 12)]).stream


def _seek_first_shown(source: Image.Image) -> tuple[str, ...]:
    """Seek the first frame that is neither transparent nor of one colour, or else the first; return remarks."""
    notes: tuple[str, ...] = ()
    for number in range(SEEN):
        try:
            source.seek(number)
            source.load()
        except EOFError:
            break
        except (OSError, RuntimeError, ValueError) as error:
            if not number or (isinstance(error, OSError) and error.errno is not None):
                raise
            notes = (LATER_FRAMES,)
            break
        if not is_empty(source):
            return notes
    source.seek(0)
    return notes
