"""HEIC and AVIF: everything stays at its offset, and what is no picture is blanked (ISO/IEC 23008-12, 14496-12)."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip import heif_meta, heif_tracks
from pipeline.images.strip.boxes import Box
from pipeline.images.strip.edits import Edits, blank_between
from pipeline.images.strip.pieces import Pieces
from pipeline.images.strip.source import Source

_BOXES = 10_000
_WHOLE = {b"ftyp": 1024, b"meta": 4 * 1024 * 1024, b"moov": 4 * 1024 * 1024}


def strip_heic(source: Source) -> Pieces:
    """The file with its pictures alone, up to the last box that holds any of them."""
    return _strip(source, "HEIC")


def strip_avif(source: Source) -> Pieces:
    """The file with its pictures alone, animated or not, up to the last box that holds any of them."""
    return _strip(source, "AVIF")


def _strip(source: Source, label: str) -> Pieces:
    edits, found, spaces, strangers, end = Edits(), {}, [], [], 0
    for box, stop in _top_boxes(source):
        if box.name == b"mdat":
            spaces.append(range(box.body, stop))
        elif box.name in _WHOLE and box.name not in found:
            if stop - box.body > _WHOLE[box.name]:
                raise Truncated
            found[box.name] = Box(box.name, box.start, box.body, source.read(box.body, stop - box.body))
        else:
            strangers.append((box, stop))
            continue
        end = stop
    if next(iter(found), None) != b"ftyp":
        raise Truncated
    for box, stop in strangers:
        if stop <= end:
            box.erase(edits, stop)
    samples = heif_tracks.keep_pictures(found[b"moov"], source, edits) if b"moov" in found else []
    items = heif_meta.keep_pictures(found[b"meta"], source, edits) if b"meta" in found else heif_meta.Parts()
    if not samples and not items.pictures:
        raise Truncated
    blank_between(edits, [*spaces, *items.spaces], [*samples, *items.pictures], items.metadata)
    return edits.pieces(label, end)


def _top_boxes(source: Source) -> Iterator[tuple[Box, int]]:
    """Each box without its contents, and where those end; what is no box ends the file."""
    at = 0
    for _ in range(_BOXES):
        head = source.read_some(at, 16)
        if len(head) < 8:
            return
        size, body = int.from_bytes(head[:4]), at + 8
        if size == 1:
            size, body = int.from_bytes(head[8:]), at + 16
        end = at + size if size else source.size
        if not body <= end <= source.size:
            return
        yield Box(head[4:8], at, body, b""), end
        at = end
    raise Truncated
