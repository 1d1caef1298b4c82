"""Pictures that are made of others: tiles, overlays, and what lies about its size or refers to itself."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import Unrenderable
from pipeline.images.formats import Limits, check_bounds, read_header
from tests.heif_files import Item, coded, file, grid, size_property
from tests.render_fixtures import scene
from worker.engine.notes import SLIGHT
from worker.render_process.renderer import Renderer

_MOST_MB = 512
_SMALL = (64, 64)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    found = Renderer(Limits(), 60, lambda: None)
    yield found
    found.stop()


def tile(item_id: int, kind: str = "HEIF", side: int = 64) -> Item:
    return coded(scene((side, side)), item_id, kind)


def overlay(item_id: int, parts: list[int], canvas: tuple[int, int] = _SMALL) -> Item:
    """An overlay with a canvas of its own size, whatever its property says."""
    data = struct.pack(">BB4HII", 0, 1, 0, 0, 0, 65535, *canvas) + bytes(8) * len(parts)
    return Item(item_id, b"iovl", data, [size_property(*_SMALL)], {b"dimg": parts}, in_idat=True)


def lying_grid(size: tuple[int, int]) -> Item:
    data = struct.pack(">BBBBII", 0, 1, 0, 0, *size)
    return Item(2, b"grid", data, [size_property(*_SMALL)], {b"dimg": [1]}, in_idat=True)


@pytest.mark.parametrize(("kind", "side"), [("HEIF", 16), ("AVIF", 8)])
def test_a_picture_of_many_tiles_is_rendered_whole(renderer: Renderer, tmp_path: Path, kind: str, side: int) -> None:
    tiles = [tile(number + 1, kind) for number in range(side * side)]
    data = file([*tiles, grid(500, side, side, tiles, (64 * side, 64 * side))], 500, avif=kind == "AVIF")
    (tmp_path / "a").write_bytes(data)
    header = read_header(io.BytesIO(data))
    assert (header.width, header.height) == (64 * side, 64 * side)
    sizes: list[int] = []
    renderer.render(tmp_path / "a", lambda made: sizes.append(made.width))
    assert sizes == [min(480, 64 * side), 64 * side]


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize(("in_table", "behind"), [(True, b""), (False, b"\0\0\0")])
def test_tiles_within_the_table_or_with_bytes_behind_them_are_not_missing(
    renderer: Renderer, tmp_path: Path, kind: str, in_table: bool, behind: bytes
) -> None:
    tiles = [tile(number + 1, kind) for number in range(4)]
    for one in tiles:
        one.in_idat, one.data = in_table, one.data + behind
    (tmp_path / "a").write_bytes(file([*tiles, grid(9, 2, 2, tiles, (128, 128))], 9, avif=kind == "AVIF"))
    found = renderer.render(tmp_path / "a", lambda _made: None)
    assert not any("missing" in note for note in found.notes if note != SLIGHT)


HOSTILE = {
    "a grid that lies": file([tile(1), lying_grid((60_000, 60_000))], 2),
    "an AVIF grid that lies": file([tile(1, "AVIF"), lying_grid((60_000, 60_000))], 2, avif=True),
    "a canvas that lies": file([tile(1), overlay(2, [1], (15_000, 15_000))], 2),
    "one picture 5000 times": file([tile(1, side=512), overlay(2, [1] * 5000)], 2),
    "overlays of overlays": file([tile(1), *(overlay(number, [number - 1] * 30) for number in range(2, 8))], 7),
    "an overlay of itself": file([tile(1), overlay(2, [2, 1])], 2),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_refers_to_much_or_to_itself_ends_in_bounds(renderer: Renderer, tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_bytes(HOSTILE[name])
    try:
        check_bounds(read_header(io.BytesIO(HOSTILE[name])), Limits())
        renderer.render(tmp_path / "a", lambda _made: None)
    except Unrenderable:
        pass
    assert renderer.peak_mb() < _MOST_MB
