"""The grid on one machine and the view on another, each through a mount with caches of its own: see `tests/mounts`."""

from __future__ import annotations

import secrets
from contextlib import suppress

import pytest

from pipeline.errors import ImageNotFound, NotRetryable
from pipeline.images.recipe import RECIPE
from pipeline.records import State
from pipeline.store import NothingToDo, Store, ViewCanWait
from pipeline.store.cleanup import cleanup
from tests.mounts import MOUNTS, TURNS, accept, check, make, make_grid, picture, rendition, stores

pytestmark = pytest.mark.skipif(len(MOUNTS) < 4, reason="GALLERY_TEST_MOUNTS does not name four mounts of one volume")


@pytest.fixture
def machines() -> list[Store]:
    return stores(f"passes-{secrets.token_hex(4)}")


@pytest.mark.parametrize("turn", range(TURNS))
def test_a_view_follows_its_grid_on_another_machine(machines: list[Store], turn: int) -> None:
    a, b, c, d = machines
    image_id = accept(d, picture())
    assert [store.get(image_id).renditions for store in machines] == [{}] * 4
    make_grid(a, image_id)
    with pytest.raises(ViewCanWait):
        make_grid(b, image_id)
    for store in machines:
        assert store.get(image_id).renditions.keys() == {"grid"}
        assert store.has_grid(image_id)
        assert cleanup(store.volume).markers == 0
    with pytest.raises(NotRetryable):
        c.retry(image_id)
    make(b, image_id)
    for store in machines:
        record = store.get(image_id)
        assert (record.state, record.attempts, sorted(record.renditions)) == (State.READY, 1, ["grid", "view"])
    check(machines)


@pytest.mark.parametrize("turn", range(TURNS))
def test_a_grid_is_seen_everywhere_while_its_view_is_made(machines: list[Store], turn: int) -> None:
    image_id = accept(machines[3], picture())
    with machines[1].attempt(image_id, worker="b") as attempt:
        attempt.put("grid", rendition(attempt.record.sha256, "grid"), 1, 1)
        attempt.show(RECIPE)
        for store in machines:
            assert store.get(image_id).renditions.keys() == {"grid"}
        attempt.put("view", rendition(attempt.record.sha256, "view"), 1, 1)
        attempt.finish()
    check(machines)


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("begun", [False, True])
def test_an_image_that_is_deleted_before_its_view_is_gone_everywhere_and_comes_back_with_its_grid(
    machines: list[Store], begun: bool, turn: int
) -> None:
    a, b, c, d = machines
    data = picture()
    image_id = accept(d, data)
    make_grid(a, image_id)
    assert b.get(image_id).renditions.keys() == {"grid"}
    if begun:
        with suppress(ImageNotFound), b.attempt(image_id, worker="b") as attempt:
            c.delete(image_id)
            # through a folder that it remembers to be in its place, it may go on in the trash
            attempt.put("view", rendition(attempt.record.sha256, "view"), 1, 1)
            attempt.finish()
    else:
        c.delete(image_id)
        with pytest.raises((ImageNotFound, NothingToDo)):
            make(b, image_id)
    for store in machines:
        with pytest.raises(ImageNotFound):
            store.get(image_id)
    assert accept(a, data) == image_id
    assert "grid" in c.get(image_id).renditions
    with suppress(NothingToDo):
        make(c, image_id)
    for store in machines:
        assert store.get(image_id).state is State.READY
    check(machines)


@pytest.mark.parametrize("turn", range(TURNS))
def test_a_retry_between_the_passes_keeps_the_grid(machines: list[Store], turn: int) -> None:
    a, b, c, d = machines
    image_id = accept(d, picture())
    make_grid(a, image_id)
    grid = a.get(image_id).renditions
    make(b, image_id, fails=True)
    assert [store.get(image_id).state for store in machines] == [State.FAILED] * 4
    c.retry(image_id)
    with pytest.raises(ViewCanWait):
        make_grid(d, image_id)
    assert [store.get(image_id).renditions for store in machines] == [grid] * 4
    make(a, image_id)
    assert [store.get(image_id).state for store in machines] == [State.READY] * 4
    check(machines)
