"""HEIC by libheif and AVIF by libavif, and what is there of a file that they do not take."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO
from zlib import crc32

import pillow_heif
from PIL import Image

from pipeline.errors import CutOff
from pipeline.images.containers.boxes import top_boxes
from pipeline.images.containers.heif import cropped, items_of, placed
from pipeline.images.containers.items import Items
from pipeline.images.header import Header
from worker.engine.animation import SEEN, is_empty
from worker.engine.av1_part import colours_of_av1
from worker.engine.decoded import Decoded, PictureStrips, RowStrips, Strips
from worker.engine.heif_file import Coded, heif_file
from worker.engine.heif_parts import lacks_tiles, parts_of
from worker.engine.meanings import meanings_of
from worker.engine.notes import LATER_FRAMES, SLIGHT, missing_alpha
from worker.engine.splice import Spliced

# More than this no frame of an animation needs.
_MOST_ADDED = 64 * 1024 * 1024
_BRANDS_BYTES = 256
# The header of a sequence comes first, and has some dozens of bytes.
_HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class _Picture:
    strips: Strips
    size: tuple[int, int]
    profile: bytes | None
    notes: tuple[str, ...] = ()


_PROFILES = (b"prof", b"rICC")
_Decoder = Callable[[BinaryIO, Header], _Picture]


def decode_heic(file: BinaryIO, header: Header) -> Decoded:
    """The primary picture, cropped and turned already."""
    return _decode(file, header, _heic)


def decode_avif(file: BinaryIO, header: Header) -> Decoded:
    """The primary picture, or the first frame of a sequence that shows anything; cropped, but not turned."""
    if header.color is None:
        header = replace(header, color=_colours_in_av1(file))
    return _decode(file, header, _avif)


def _colours_in_av1(file: BinaryIO) -> tuple[int, int] | None:
    """What the coded picture says itself of its colours: that counts if the container says nothing, as in Chromium."""
    items = items_of(file)
    for start, length in items.extents.get(items.tiles[0], ())[:1] if items else ():
        file.seek(start)
        return colours_of_av1(file.read(min(length, _HEADER_BYTES)))
    return None


def _decode(file: BinaryIO, header: Header, decoder: _Decoder) -> Decoded:
    items, size = items_of(file), file.seek(0, 2)
    needed = [extent for item in _needed(items) for extent in items.extents.get(item, ())] if items else []
    if items and (any(at + length > size for at, length in needed) or lacks_tiles(file, items)):
        return _parts(file, header, items)
    try:
        missing = max(0, _declared_end(file) - size) if header.animated else 0
        picture = _despite(missing, file, header, decoder) if missing else decoder(file, header)
        return _decoded(picture, header)
    except (OSError, EOFError, ValueError, RuntimeError) as error:
        if items is None or (isinstance(error, OSError) and error.errno is not None):
            raise
    return _parts(file, header, items)


def _despite(missing: int, file: BinaryIO, header: Header, decoder: _Decoder) -> _Picture:
    """A frame of an animation that is cut off, from which nothing is missing."""
    found = []
    for fill in (b"\0", b"\xff"):
        picture = decoder(Spliced(file, [(0, file.seek(0, 2)), fill * min(missing, _MOST_ADDED)]).stream, header)
        found.append(crc32(picture.strips.strip(0, picture.size[1]).tobytes()))
    if found[0] != found[1]:
        raise CutOff(0)
    return replace(picture, notes=(LATER_FRAMES,))


def _declared_end(file: BinaryIO) -> int:
    return max((start + length for _, start, length in top_boxes(file)), default=0)


def _needed(items: Items) -> Iterable[int]:
    """The items that hold pixels of the primary picture, and of its transparency."""
    shown = {items.primary, *items.tiles}
    alpha = [item for (kind, item), others in items.references.items() if kind == b"auxl" and shown & set(others)]
    return [*shown, *alpha, *(tile for item in alpha for tile in items.references.get((b"dimg", item), ()))]


def _decoded(picture: _Picture, header: Header) -> Decoded:
    meanings = meanings_of(picture.profile, header)
    size = picture.size
    return Decoded(picture.strips, size, size, header.orientation, meanings, size, notes=picture.notes)


def _parts(file: BinaryIO, header: Header, items: Items) -> Decoded:
    """What is there of the primary picture, tile by tile."""
    found = parts_of(file, items, _coded)
    crop, orientation = placed(items, header.format)
    left, top, width, height = crop or (0, 0, *found.picture.size)
    gaps = [
        (
            max(0.0, (gap[0] - left) / width),
            max(0.0, (gap[1] - top) / height),
            min(1.0, (gap[2] - left) / width),
            min(1.0, (gap[3] - top) / height),
        )
        for gap in found.gaps
    ]
    profile = next(
        (body[4:] for name, body in items.properties[items.primary] if name == b"colr" and body[:4] in _PROFILES), None
    )
    notes = (LATER_FRAMES,) if header.animated else ()
    if found.alpha_missing:
        notes = (*notes, missing_alpha(cut_off=found.cut_off))
    size = (width, height)
    return Decoded(
        PictureStrips(found.picture, (left, top, left + width, top + height)),
        size,
        size,
        orientation,
        meanings_of(profile, header),
        size,
        gaps=[gap for gap in gaps if gap[0] < gap[2] and gap[1] < gap[3]],
        cut_off=found.cut_off,
        notes=notes if found.gaps or notes else (SLIGHT,),
    )


def _coded(coded: Coded) -> Image.Image | None:
    """One coded picture; None if its decoder gives up."""
    with suppress(OSError, EOFError, ValueError, RuntimeError):
        file = io.BytesIO(heif_file(coded))
        if coded.kind == b"av01":
            with Image.open(file, formats=("AVIF",)) as picture:
                picture.load()
                return picture
        return pillow_heif.open_heif(file, convert_hdr_to_8bit=True).to_pillow()
    return None


def _heic(file: BinaryIO, _: Header) -> _Picture:
    container = pillow_heif.open_heif(_as_still(file), convert_hdr_to_8bit=True)
    picture = next((one for one in container if one.info.get("primary")), None)
    if picture is None:
        raise ValueError("the primary picture cannot be decoded, though others may be")
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
        return _Picture(PictureStrips(source, (0, 0, *size)), size, profile, notes)


def _as_still(file: BinaryIO) -> BinaryIO:
    """A file that does not say that it has a sequence: libheif would show nothing else of it, or fail without one."""
    file.seek(0)
    head = file.read(_BRANDS_BYTES)
    brands = head[8 : int.from_bytes(head[:4])]
    still = brands.replace(b"msf1", b"mif1").replace(b"hevc", b"heic").replace(b"hevx", b"heix")
    end = file.seek(0, 2)
    file.seek(0)
    if still == brands:
        return file
    start = 8 + len(brands)
    return Spliced(file, [head[:8] + still, (start, end - start)]).stream


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
