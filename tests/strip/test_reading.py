"""A stripped file is read from anywhere and in little memory; a damaged one is refused."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest

from pipeline.errors import CannotStripMetadata
from pipeline.images.formats import HEAD_BYTES, Format, identify
from pipeline.images.strip import StrippedFile, strip
from tests import planted
from tests.strip.files import SEEDS, stripped


def test_a_damaged_file_is_refused_and_never_passed_on() -> None:
    for name, data in SEEDS.items():
        kind = identify(data[:HEAD_BYTES])
        assert kind is not None
        for broken in (data[: len(data) // 3], data[:40], data[:64] + bytes(1000)):
            with pytest.raises(CannotStripMetadata, match=f"This {kind.label} file is damaged"):
                strip(io.BytesIO(broken), kind)
        with pytest.raises(CannotStripMetadata):
            strip(io.BytesIO(data), Format("jpeg-of-a-newer-release"))
        assert name


def test_what_follows_a_damaged_length_is_not_taken_for_pixels(files: dict[str, bytes]) -> None:
    webp = bytearray(SEEDS["a.webp"])
    at = webp.index(b"VP8 ")
    size = int.from_bytes(webp[at + 4 : at + 8], "little")
    webp[at + 4 : at + 8] = (len(webp) - at - 8).to_bytes(4, "little")
    assert size % 2 + at + 8 + size < len(webp)
    jpeg = SEEDS["a.jpg"].replace(b"\xff\xe1", b"\xff\xdb", 1)
    for kind, data in ((Format.WEBP, bytes(webp)), (Format.JPEG, jpeg)):
        with pytest.raises(CannotStripMetadata):
            strip(io.BytesIO(data), kind)


def test_reading_from_anywhere_gives_the_same_bytes(files: dict[str, bytes]) -> None:
    for data in files.values():
        whole = stripped(data)
        kind = identify(data[:HEAD_BYTES])
        assert kind is not None
        file = io.BufferedReader(StrippedFile(io.BytesIO(data), strip(io.BytesIO(data), kind)), 16)
        for start in range(0, len(whole), 97):
            assert file.seek(start) == start
            assert file.read(41) == whole[start : start + 41]
        assert file.seek(0, io.SEEK_END) == len(whole)
        assert file.read() == b""


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    head, tail = SEEDS["a.jpg"][:-2], SEEDS["a.jpg"][-2:]
    with path.open("wb") as file:
        file.write(head)
        for _ in range(100):
            file.write(bytes(range(255)) * 4096)
        file.write(tail + planted.video())
    tracemalloc.start()
    with path.open("rb") as file:
        copy = StrippedFile(file, strip(file, Format.JPEG))
        while copy.read(256 * 1024):
            pass
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
