"""Damaged and hostile files: what is left out stays out, and no file costs much memory."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from zlib import crc32

import pytest

from pipeline.errors import CannotStripMetadata
from pipeline.images.formats import HEAD_BYTES, Format, identify
from pipeline.images.strip import StrippedFile, strip
from tests import heif_files, planted
from tests.render_fixtures import encoded, scene
from tests.strip.files import SEEDS

_MB = 1024 * 1024


def flip(data: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        data[random.randrange(len(data))] = random.choice((random.randrange(256), 0, 255, 1, random.randrange(16)))


def number(data: bytearray, random: Random) -> None:
    at, size = random.randrange(len(data)), random.choice((1, 2, 4))
    most = 256**size
    value = random.choice((0, 1, most - 1, random.randrange(most), random.randrange(len(data)) % most))
    data[at : at + size] = value.to_bytes(size, random.choice(("big", "little")))


def cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data)) :]


def delete(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    del data[at : at + random.choice((1, 2, 4, 16, 100, 1000))]


def insert(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    data[at:at] = random.randbytes(random.choice((1, 2, 4, 16, 100, 1000)))


ACCIDENTS: list[Callable[[bytearray, Random], None]] = [flip, number, cut, delete, insert]


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_no_damage_lets_metadata_through(name: str) -> None:
    whole = SEEDS[name] + (planted.video() if not name.endswith(("heic", "avif")) else b"")
    kind = identify(whole[:HEAD_BYTES])
    assert kind is not None
    random, ends = Random(name), Counter[str]()
    for _ in range(1500):
        data = bytearray(whole)
        random.choice(ACCIDENTS)(data, random)
        try:
            pieces = strip(io.BytesIO(data), kind)
        except CannotStripMetadata:
            ends["refused"] += 1
            continue
        found = StrippedFile(io.BytesIO(data), pieces).read()
        assert len(found) == pieces.length
        assert planted.MARK[1:] not in found, bytes(data).hex()
        ends["stripped"] += 1
    assert ends["refused"] > 20
    assert ends["stripped"] > 20


def png_of_a_million_chunks() -> bytes:
    png = encoded(scene(), "PNG")
    return png[:33] + (bytes(4) + b"teXt" + crc32(b"teXt").to_bytes(4)) * 1_000_000 + png[33:]


def png_of_kept_and_dropped_chunks_in_turn() -> bytes:
    png = encoded(scene(), "PNG")
    turn = bytes(4) + b"teXt" + crc32(b"teXt").to_bytes(4) + bytes(4) + b"IDAT" + crc32(b"IDAT").to_bytes(4)
    return png[:33] + turn * 50_000 + png[33:]


def jpeg_of_a_million_segments() -> bytes:
    jpeg = encoded(scene(), "JPEG")
    return jpeg[:2] + b"\xff\xfe\x00\x02" * 1_000_000 + jpeg[2:]


def jpeg_that_names_many_long_pictures() -> bytes:
    entries = struct.pack("<IIIHH", 0, 1, 0, 0, 0) * 30
    index = bytearray(b"II*\0" + struct.pack("<IHHHII", 8, 1, 0xB002, 7, len(entries), 26) + bytes(4) + entries)
    first = encoded(scene(), "JPEG")
    head = b"\xff\xd8\xff\xe2" + struct.pack(">H", 6 + len(index)) + b"MPF\0"
    whole = bytearray(head + index + first[2:])
    for entry in range(30):
        struct.pack_into("<I", whole, len(head) + 26 + 16 * entry + 8, len(whole) - len(head) + 800 * entry)
    # each begins, and is as long as the rest of the file before it turns out to have no end
    start = first[: first.index(b"\xff\xda")]
    scan = first[first.index(b"\xff\xda") :][:14]
    one = (start + scan).ljust(800, b"\x00")
    return bytes(whole) + one * 30 + bytes(range(255)) * 40_000


def gif_of_small_subblocks() -> bytes:
    gif = encoded(scene((8, 8)), "GIF")
    return gif[:-1] + b"\x21\xfe" + b"\x01x" * 1_100_000 + b"\x00;"


def gif_of_uncounted_codes() -> bytes:
    gif = encoded(scene((8, 8)).quantize(4), "GIF")
    image = gif[gif.index(b"\x2c\0\0\0\0") :][:10]
    return gif[:-1] + image + b"\x02" + b"\x03abc\x04abcd" * 300_000 + b"\x00;"


def webp_of_a_million_chunks() -> bytes:
    webp = encoded(scene(), "WEBP", exif=planted.exif())
    body = webp[8:] + (b"JUNK" + bytes(4)) * 1_000_000
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def heic_of_a_million_boxes() -> bytes:
    return heif_files.file([heif_files.coded(scene(), 1)], 1, between=heif_files.box(b"free") * 1_000_000)


def heic_of_boxes_in_turn() -> bytes:
    whole = heif_files.file([heif_files.coded(scene(), 1)], 1)
    return whole + (heif_files.box(b"free") + heif_files.box(b"mdat")) * 4_000 + heif_files.box(b"mdat")


def heic_of_many_items() -> bytes:
    items = [heif_files.Item(number, b"Exif", b"\0\0\0\0MM\0*") for number in range(2, 12_000)]
    return heif_files.file([heif_files.coded(scene(), 1), *items], 1)


def heic_of_long_texts() -> bytes:
    packet = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"<a>" * 30_000
    items = [heif_files.Item(number, b"mime", packet, content_type=b"application/rdf+xml") for number in range(2, 14)]
    return heif_files.file([heif_files.coded(scene(), 1), *items], 1)


def avif_of_endless_samples() -> bytes:
    avif = bytearray(encoded(scene(), "AVIF", save_all=True, append_images=[scene().rotate(90)], duration=40))
    at = avif.index(b"stsz") + 12
    avif[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(avif)


HOSTILE = [
    png_of_a_million_chunks, png_of_kept_and_dropped_chunks_in_turn, jpeg_of_a_million_segments,
    jpeg_that_names_many_long_pictures, gif_of_small_subblocks, gif_of_uncounted_codes, webp_of_a_million_chunks,
    heic_of_a_million_boxes, heic_of_boxes_in_turn, heic_of_many_items, heic_of_long_texts, avif_of_endless_samples,
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: str(hostile.__name__))
def test_a_hostile_file_takes_little_memory_and_is_read_little_more_than_once(
    hostile: Callable[[], bytes], tmp_path: Path
) -> None:
    data = hostile()
    kind = identify(data[:HEAD_BYTES])
    assert kind is not None
    (tmp_path / "file").write_bytes(data)
    with Counted((tmp_path / "file").open("rb")) as file:
        tracemalloc.start()
        try:
            pieces = strip(file, kind)
            assert pieces.memory < 3 * _MB
        except CannotStripMetadata:
            pass
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 40 * _MB
        assert file.count < 8 * len(data) + 16 * _MB


class Counted(io.BufferedReader):
    """A file that counts how many bytes were read from it."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__(file.detach())
        self.count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.count += len(found)
        return found


def test_hostile_metadata_is_read_in_bounds() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">' + b'<!ENTITY b "&a;&a;">' * 40 + b"]><x>&b;</x>"
    loop = b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 0xFFFF, 0x8769, 4, 1, 8) + b"\x69\x87\x04\x00" * 10_000
    jpeg = encoded(scene(), "JPEG")
    for data in (b"http://ns.adobe.com/xap/1.0/\0" + bomb, loop):
        segment = b"\xff\xe1" + (2 + len(data)).to_bytes(2) + data
        hostile = jpeg[:2] + segment + jpeg[2:]
        found = StrippedFile(io.BytesIO(hostile), strip(io.BytesIO(hostile), Format.JPEG)).read()
        assert found == jpeg
