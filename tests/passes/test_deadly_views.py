"""A view that kills its render process has three attempts of its own, and the grid stays."""

from __future__ import annotations

import pytest

from cli.doctor import examine
from pipeline.errors import RendererDied
from pipeline.images.formats import Limits
from pipeline.queue.image_queues import ImageQueues
from pipeline.records import State
from tests.conftest import picture
from tests.stores import accept
from worker.render_process.renderer import Renderer
from worker.thumbnails import RenderContext


def test_a_view_that_kills_is_tried_three_times_and_the_grid_stays(
    render_context: RenderContext, queue: ImageQueues
) -> None:
    store = render_context.store
    image_id = accept(store, picture("WEBP", (8, 8)))
    render_context.make(image_id, grid_only=True)
    grid = store.get(image_id).renditions
    render_context.renderer.stop()
    render_context.renderer = Renderer(Limits(), 60, lambda: None, child=("tests.children", "dies at the view"))
    for attempt in (1, 2, 3):
        with pytest.raises(RendererDied):
            render_context.make(image_id)
        record = store.get(image_id)
        assert (record.attempts, record.renditions) == (attempt, grid)
    assert record.reason is not None
    assert (record.state, record.reason.code) == (State.FAILED, "killed-its-worker")
    assert store.layout.rendition(image_id, "grid").exists()
    assert examine(store) == []
    render_context.renderer.stop()
    retried = store.retry(image_id)
    assert (retried.state, retried.renditions, store.has_grid(image_id)) == (State.PENDING, grid, True)
    render_context.renderer = Renderer(Limits(), 60, lambda: None)
    render_context.make(image_id)
    assert (store.get(image_id).state, store.get(image_id).renditions["grid"]) == (State.READY, grid["grid"])


def test_a_view_that_kills_in_one_pass_with_its_grid_has_three_attempts_of_its_own(
    render_context: RenderContext,
) -> None:
    store = render_context.store
    image_id = accept(store, picture("WEBP", (8, 8)))
    for _ in range(2):
        with pytest.raises(RuntimeError), store.attempt(image_id, worker="test"):
            raise RuntimeError  # the worker died with it
    render_context.renderer.stop()
    render_context.renderer = Renderer(Limits(), 60, lambda: None, child=("tests.children", "dies at the view"))
    for _ in range(3):
        assert store.get(image_id).state is State.PENDING
        with pytest.raises(RendererDied):
            render_context.make(image_id)
    record = store.get(image_id)
    assert (record.state, record.attempts, list(record.renditions)) == (State.FAILED, 3, ["grid"])
