"""The process that decodes: whatever becomes of one picture, the next one gets its own answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import ImageNotFound, Unrenderable
from pipeline.images.formats import Limits
from tests.pictures import picture
from tests.render_fixtures import encoded, scene
from worker.engine.render import Rendition
from worker.render_process import Renderer


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    renderer = Renderer(Limits(), 30, lambda: None)
    yield renderer
    renderer.stop()


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def color_of(renderer: Renderer, original: Path) -> str:
    made: list[str] = []
    color = renderer.render(original, lambda rendition: made.append(rendition.name)).color
    assert made == ["grid", "view"]
    return color


def test_a_picture_deleted_while_it_is_made_leaves_nothing_to_the_next(renderer: Renderer, tmp_path: Path) -> None:
    red = write(tmp_path / "red", picture(color="#ff0000"))
    blue = write(tmp_path / "blue", picture(color="#0000ff"))

    def gone(rendition: Rendition) -> None:
        raise ImageNotFound("it was deleted")

    for _ in range(3):
        with pytest.raises(ImageNotFound):
            renderer.render(red, gone)
        assert color_of(renderer, blue)[5:] > "e0"


def test_a_full_volume_leaves_nothing_to_the_next(renderer: Renderer, tmp_path: Path) -> None:
    red = write(tmp_path / "red", picture(color="#ff0000"))

    def full(rendition: Rendition) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        renderer.render(red, full)
    assert color_of(renderer, write(tmp_path / "blue", picture(color="#0000ff")))[5:] > "e0"


def test_less_effort_makes_larger_files(renderer: Renderer, tmp_path: Path) -> None:
    original = write(tmp_path / "original", encoded(scene((1600, 1000)), "JPEG", quality=90))
    hasty = Renderer(Limits(), 30, lambda: None, effort=0)
    sizes: list[list[int]] = []
    try:
        for one in (hasty, renderer):
            sizes.append([])
            one.render(original, lambda made: sizes[-1].append(len(made.data)))
    finally:
        hasty.stop()
    assert all(larger > smaller for larger, smaller in zip(*sizes, strict=True))


def test_a_broken_picture_costs_no_new_process(renderer: Renderer, tmp_path: Path) -> None:
    good = write(tmp_path / "good", picture("JPEG", color="#0000ff"))
    color_of(renderer, good)
    process = renderer._process
    with pytest.raises(Unrenderable):
        color_of(renderer, write(tmp_path / "half", picture("JPEG", (900, 900))[:6000]))
    color_of(renderer, good)
    assert renderer._process is process
