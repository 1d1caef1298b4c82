"""The grid made alone: what it looks like, and when it is made again."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from cli.doctor import examination_of, examine
from pipeline.errors import Unrenderable
from pipeline.images.formats import Limits
from pipeline.records import State
from pipeline.store import Store
from pipeline.store.checks.examine import repair
from tests.conftest import picture
from tests.landscapes import scene
from tests.stores import accept, make
from worker.engine.picture import Rendition
from worker.engine.render import render


@pytest.mark.parametrize("size", [(4000, 3000), (1500, 2000), (300, 200)])
def test_the_grid_made_alone_looks_as_the_one_made_with_the_view(size: tuple[int, int]) -> None:
    file = io.BytesIO(scene(1, size)[1])
    pictures = []
    for wanted in (("grid",), ("grid", "view")):
        made: dict[str, Rendition] = {}
        found = render(file, Limits(), lambda one: made.__setitem__(one.name, one), wanted=wanted)  # noqa: B023
        assert sorted(made) == sorted(wanted)
        with Image.open(io.BytesIO(made["grid"].data)) as grid:
            pictures.append((grid.convert("RGB"), (found.width, found.height)))
    (alone, size_alone), (together, size_together) = pictures
    assert (size_alone, alone.size) == (size_together, together.size) == (size, together.size)
    assert max(ImageStat.Stat(ImageChops.difference(alone, together)).rms) < 5


@pytest.mark.parametrize("damage", [b"", b"another picture"])
def test_a_grid_that_is_not_what_its_pass_wrote_is_made_again(store: Store, damage: bytes) -> None:
    image_id = accept(store, picture())
    make(store, image_id, grid_only=True)
    path = store.layout.rendition(image_id, "grid")
    path.write_bytes(damage) if damage else path.unlink()
    make(store, image_id)
    assert store.get(image_id).state is State.READY
    assert examine(store) == []


def test_a_failed_image_whose_grid_was_lost_is_repaired(store: Store) -> None:
    image_id = accept(store, picture())
    make(store, image_id, grid_only=True)
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    assert examine(store) == []
    store.layout.rendition(image_id, "grid").write_bytes(b"torn")
    examination = examination_of(store)
    found = examination.all()
    assert [violation.code for violation in found] == ["rendition-broken"]
    assert repair(examination, found).left == []
    assert (store.get(image_id).state, store.get(image_id).renditions) == (State.FAILED, {})
    assert store.pending() == []


def test_a_grid_of_another_recipe_stays_visible_and_is_made_again(store: Store) -> None:
    image_id = accept(store, picture())
    make(store, image_id, grid_only=True)
    marker = store.layout.marker(image_id)
    marker.write_bytes(marker.read_bytes().replace(b'"recipe": ', b'"recipe": 1'))
    with store.attempt(image_id, worker="test") as attempt:
        assert (attempt.has_grid, list(attempt.record.renditions)) == (False, ["grid"])
        attempt.roll_back()
