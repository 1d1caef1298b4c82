"""JPEG: libjpeg gets what it needs of a file and no more, and a file that ends too early is shown as far as it goes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from pipeline.images.containers.jpeg import Scan, Segment, scans, segments
from pipeline.images.header import Header
from pipeline.images.recipe import decoding_scale
from worker.engine.decoded import Decoded, PictureStrips
from worker.engine.jpeg_hole import hole
from worker.engine.notes import COARSE, NO_END
from worker.engine.rows import fingerprints, same_rows
from worker.engine.splice import Piece, Spliced, merged

_SCAN, _TABLES = 0xDA, {0xC4, 0xCC, 0xDB, 0xDD}
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
# Segments of applications that say how to read the colours, by their first bytes.
_APPLICATIONS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_END_MARKER = b"\xff\xd9"
# Continues coded data with nonsense: the rows that it changes are not in the file. No byte of it makes a marker, nor
# does the first one behind a last 0xFF.
_NOISE = b"\0" + random.Random(0).randbytes(1 << 16).replace(b"\xff", b"\x5a") + _END_MARKER  # noqa: S311
# The end marker is looked for in so many last bytes before all of the file is.
_LAST_BYTES = 4096
_COEFFICIENTS = 64
# libjpeg leaves the rows that it has no data for in the middle of the scale.
_GREY = (126, 129)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A picture as it was decoded: `box` is the part of it that counts, `full` its size before it was scaled down."""

    picture: Image.Image
    box: tuple[float, float]
    full: tuple[int, int]
    profile: bytes | None
    completed: bool


def decode_jpeg(file: BinaryIO, header: Header, least: float) -> Decoded:
    """The picture, scaled down by the decoder as far as its longest side keeps `least` pixels."""
    size = file.seek(0, 2)
    passes: Sequence[Scan] = list(scans(file)) if header.buffered else ()
    zeros, goes_on = (None if header.buffered else hole(file)) or (size, False)
    try:
        end, loaded = zeros, _load(file, zeros, _END_MARKER, least)
    except (OSError, SyntaxError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        passes = passes or list(scans(file))
        end, loaded = _earlier(file, passes, least)
    coarse = bool(passes) and not _is_refined(passes)
    rows = 1.0
    if loaded.completed or end < size or coarse or _ends_in_grey(loaded.picture):
        # an end marker may be there though the data is not
        end = min([end, *(scan.end for scan in list(passes or scans(file))[-1:])])
        rows = same_rows(_rows(loaded), _rows(_load(file, end, _NOISE, least))) / loaded.picture.height
    notes: tuple[str, ...] = ()
    if len(passes) > 1 and (coarse or rows < 1):
        # the first pass is whole, and it has all the rows
        rows, notes = 1.0, (COARSE,)
    elif rows == 1 and (loaded.completed or not _has_end(file, size)):
        notes = (NO_END,)
    meanings = (loaded.profile,) if loaded.profile else ()
    strips = PictureStrips(loaded.picture)
    return Decoded(
        strips, loaded.picture.size, loaded.box, header.orientation, meanings, loaded.full,
        rows=rows, cut_off=not goes_on, notes=notes,
    )  # fmt: skip


def _has_end(file: BinaryIO, size: int) -> bool:
    """Whether an end marker follows the picture."""
    file.seek(max(0, size - _LAST_BYTES))
    return _END_MARKER in file.read() or any(True for scan in scans(file) if scan.end < size)


def _rows(loaded: _Loaded) -> list[int]:
    return fingerprints(PictureStrips(loaded.picture), loaded.picture.height)


def _earlier(file: BinaryIO, passes: Sequence[Scan], least: float) -> tuple[int, _Loaded]:
    """The picture as far as it can be decoded: without what follows the last pass, or the first one."""
    ends = [scan.end for scan in (*passes[-1:], *passes[:1])]
    for number, end in enumerate(ends):
        try:
            return end, _load(file, end, _END_MARKER, least)
        except (OSError, SyntaxError):
            if number == len(ends) - 1:
                raise
    raise EOFError("no scan")


def _load(file: BinaryIO, end: int, tail: bytes, least: float) -> _Loaded:
    """Decode the file as if it ended at the byte `end` and went on with `tail`, scaled as in `decode_jpeg`."""
    joined = Spliced(file, merged(_pieces(file, end)), tail)
    with Image.open(joined.stream, formats=("JPEG",)) as source:
        full = source.size
        scale = decoding_scale(*full, least)
        drafted = source.draft(None, (max(1, source.width // scale), max(1, source.height // scale)))
        box: tuple[float, ...] = drafted[1] if drafted is not None else (0, 0, *full)
        source.load()
        return _Loaded(source, (box[2], box[3]), full, source.info.get("icc_profile") or None, joined.tail_was_read)


def _pieces(file: BinaryIO, end: int) -> Iterator[Piece]:
    yield b"\xff\xd8"
    for segment in segments(file):
        if segment.marker == _SCAN:
            yield b"\xff\xda"
            yield segment.at - 2, end - segment.at + 2
        elif _is_needed(file, segment):
            yield bytes((0xFF, segment.marker))
            yield segment.at - 2, segment.length + 2


def _is_needed(file: BinaryIO, segment: Segment) -> bool:
    start = _APPLICATIONS.get(segment.marker)
    return segment.marker in _TABLES | _FRAMES if start is None else file.read(len(start)) == start


def _is_refined(passes: Sequence[Scan]) -> bool:
    """Whether every coefficient of every component has come to its last bit."""
    components = {component for scan in passes for component in scan.components}
    left = {component: [_COEFFICIENTS] * _COEFFICIENTS for component in components}
    for scan in passes:
        for component in scan.components:
            for coefficient in range(scan.first, min(scan.last + 1, _COEFFICIENTS)):
                left[component][coefficient] = scan.open_bits
    return not any(any(bits) for bits in left.values())


def _ends_in_grey(picture: Image.Image) -> bool:
    """Whether the last row looks as libjpeg leaves what it has no data for; an end marker may be there all the same."""
    last = picture.crop((0, picture.height - 1, picture.width, picture.height)).tobytes()
    return _GREY[0] <= min(last) and max(last) <= _GREY[1]
