"""The tracks of an animated AVIF or HEIC: their pictures are kept, all other tracks go (ISO/IEC 14496-12, 8.3)."""

from __future__ import annotations

from itertools import chain, islice, repeat

from pipeline.images.containers.reading import Truncated
from pipeline.images.strip.boxes import Box, Fields, blank_handler_name, keep_known, need
from pipeline.images.strip.coded import CodedPictures
from pipeline.images.strip.edits import Edits
from pipeline.images.strip.source import Source

# Of all tracks: 5000 frames are accepted, in colour and alpha.
_MOST_SAMPLES = 20_000
_PICTURES = {b"pict", b"vide", b"auxv"}
_ENTRIES = {b"av01", b"hvc1", b"hev1"}
_TABLES = {
    b"stsd", b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stco", b"co64", b"stss", b"sdtp", b"sbgp", b"sgpd",
}  # fmt: skip
_DESCRIPTIONS = {
    b"av1C", b"hvcC", b"colr", b"pasp", b"clap", b"clli", b"mdcv", b"cclv", b"amve", b"ccst", b"auxi", b"btrt",
}  # fmt: skip
_ENTRY_BYTES, _COMPRESSOR = 78, range(42, 74)


def keep_pictures(moov: Box, source: Source, edits: Edits) -> list[range]:
    """Erase what is no picture, and all times and names; return where the pictures' samples are in the file."""
    samples: list[range] = []
    for box in moov.children():
        if box.name == b"trak":
            samples += _track(box, source, edits, _MOST_SAMPLES - len(samples))
        elif box.name == b"mvhd":
            _blank_times(box, edits)
        else:
            box.erase(edits)
    return samples


def _track(trak: Box, source: Source, edits: Edits, most: int) -> list[range]:
    media = [box for box in trak.children() if box.name == b"mdia"]
    handlers = [box.data[8:12] for mdia in media for box in mdia.children() if box.name == b"hdlr"]
    if len(handlers) != 1 or handlers[0] not in _PICTURES:
        trak.erase(edits)
        return []
    found = keep_known(trak.children(), {b"tkhd", b"edts", b"mdia", b"tref"}, edits)
    _blank_times(need(found, b"tkhd"), edits)
    if b"edts" in found:
        keep_known(found[b"edts"].children(), {b"elst"}, edits)
    inner = keep_known(need(found, b"mdia").children(), {b"mdhd", b"hdlr", b"minf"}, edits)
    _blank_times(need(inner, b"mdhd"), edits)
    blank_handler_name(need(inner, b"hdlr"), edits)
    minf = keep_known(need(inner, b"minf").children(), {b"vmhd", b"nmhd", b"dinf", b"stbl"}, edits)
    tables = keep_known(need(minf, b"stbl").children(), _TABLES, edits)
    kind, length_size = b"", 4
    for entry in need(tables, b"stsd").children(8):
        if entry.name not in _ENTRIES or len(entry.data) < _ENTRY_BYTES:
            raise Truncated
        edits.blank(entry.body + _COMPRESSOR.start, entry.body + _COMPRESSOR.stop)
        described = keep_known(entry.children(_ENTRY_BYTES), _DESCRIPTIONS, edits)
        if b"hvcC" in described:
            length_size = (described[b"hvcC"].data[21] & 3) + 1
        if kind not in (b"", entry.name):
            raise Truncated
        kind = entry.name
    samples, coded = _samples(tables, most), CodedPictures(source, length_size)
    for sample in samples:
        coded.check(kind, [sample])
    return samples


def _blank_times(box: Box, edits: Edits) -> None:
    """When something was made and changed."""
    size = 8 if box.data[:1] == b"\x01" else 4
    if len(box.data) < 4 + 2 * size:
        raise Truncated
    edits.blank(box.body + 4, box.body + 4 + 2 * size)


def _samples(tables: dict[bytes, Box], most: int) -> list[range]:
    """Where each sample is: in chunks one after the other, whose offsets a table names."""
    sizes = _sizes(need(tables, b"stsz"), most)
    wide = b"co64" in tables
    offsets = Fields(need(tables, b"co64" if wide else b"stco").data, 4)
    chunks = _bounded(offsets.number(4), most)
    in_chunks = _samples_in_chunks(Fields(need(tables, b"stsc").data, 4), chunks, most)
    found, left = [], iter(sizes)
    for count in in_chunks:
        start = offsets.number(8 if wide else 4)
        for size in islice(left, count):
            found.append(range(start, start + size))
            start += size
    if next(left, None) is not None:
        raise Truncated
    return found


def _sizes(stsz: Box, most: int) -> list[int]:
    fields = Fields(stsz.data, 4)
    same, count = fields.number(4), _bounded(fields.number(4), most)
    return [same] * count if same else [fields.number(4) for _ in range(count)]


def _samples_in_chunks(stsc: Fields, chunks: int, most: int) -> list[int]:
    """How many samples each chunk has; the table names only the chunks at which that changes."""
    runs = [(stsc.number(4), stsc.number(4), stsc.number(4)) for _ in range(_bounded(stsc.number(4), most))]
    starts = [first for first, _, _ in runs]
    if starts[:1] != [1] or starts != sorted(set(starts)) or starts[-1] > chunks:
        raise Truncated
    lengths = [after - first for first, after in zip(starts, [*starts[1:], chunks + 1], strict=True)]
    return list(chain.from_iterable(repeat(run[1], length) for run, length in zip(runs, lengths, strict=True)))


def _bounded(count: int, most: int) -> int:
    if count > most:
        raise Truncated
    return count
