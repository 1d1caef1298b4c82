"""What is known and told of an image between its grid and its view: how it looks, and that it is being made."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from pipeline.errors import Unrenderable
from pipeline.images.formats import Limits
from pipeline.images.recipe import GRID, RECIPE, VIEW
from pipeline.images.view_format import ViewFormat
from pipeline.queue.events import STREAM
from pipeline.records import State
from pipeline.store import Store, outbox
from tests.conftest import picture
from tests.render_fixtures import encoded
from tests.stores import accept
from tests.view_formats import drawing, landscape
from worker.engine import render as engine
from worker.engine.decode import decode
from worker.thumbnails import RenderContext


def show_grid(context: RenderContext, image_id: str) -> None:
    """An attempt at both renditions that dies once the grid is seen."""
    with context.store.attempt(image_id, worker="test") as attempt:
        context.renderer.render(
            attempt.original,
            lambda made: attempt.put(made.name, made.data, made.width, made.height, made.format),
            ("grid",),
        )
        attempt.show(RECIPE)


def told(context: RenderContext) -> list[str]:
    """What was told of images so far: what each has, and whether it was begun."""
    found: Any = context.events.connection.xrange(STREAM)
    records = [context.store.get(fields[b"id"].decode()).from_json(fields[b"record"]) for _, fields in found]
    return [f"{record.state} {len(record.renditions)} {bool(record.started_at)}" for record in records]


def test_how_a_picture_looks_is_found_with_its_view_if_its_worker_died(render_context: RenderContext) -> None:
    store = render_context.store
    image_id = accept(store, picture("PNG", (900, 600)))
    show_grid(render_context, image_id)
    assert (list(store.get(image_id).renditions), store.get(image_id).placeholder) == (["grid"], None)
    render_context.make(image_id)
    record = store.get(image_id)
    assert (record.state, bool(record.placeholder), bool(record.color)) == (State.READY, True, True)


def test_what_an_earlier_grid_looked_like_is_forgotten_with_it(render_context: RenderContext) -> None:
    store = render_context.store
    image_id = accept(store, encoded(Image.new("RGB", (900, 600), "green"), "PNG"))
    render_context.make(image_id)
    right = store.get(image_id)

    def wrong() -> Any:
        return store.get(image_id).with_(color="#ff0000", placeholder="AAAA", recipe=RECIPE - 1)

    outbox.reopen(store.volume, image_id, wrong)
    show_grid(render_context, image_id)
    render_context.make(image_id)
    record = store.get(image_id)
    assert (record.color, record.placeholder) == (right.color, right.placeholder)


def test_the_start_of_a_view_is_told_only_where_it_is_news(render_context: RenderContext) -> None:
    store = render_context.store
    image_id = accept(store, picture("PNG", (900, 600)))
    render_context.make(image_id, grid_only=True)
    render_context.make(image_id)
    steps = ["pending 0 True", "pending 1 True", "ready 2 True"]
    assert told(render_context) == steps
    failed = accept(store, picture("PNG", (900, 601)))
    render_context.make(failed, grid_only=True)
    with store.attempt(failed, worker="test") as attempt:
        attempt.fail(Unrenderable())
    store.retry(failed)
    assert store.get(failed).started_at is None
    render_context.make(failed)
    assert told(render_context) == [*steps, *steps[:2], "pending 1 True", "ready 2 True"]


@pytest.mark.parametrize(
    ("what", "wanted", "view_format", "least"),
    [
        (landscape, ("grid", "view"), ViewFormat.AUTO, [VIEW * 1.25]),
        (landscape, ("view",), ViewFormat.JPEG, [VIEW]),
        (landscape, ("view",), ViewFormat.WEBP, [VIEW * 1.5]),
        (landscape, ("grid",), ViewFormat.AUTO, [GRID * 1.5]),
        (drawing, ("view",), ViewFormat.AUTO, [VIEW * 1.25, VIEW * 1.5]),
        (drawing, ("view",), ViewFormat.JPEG, [VIEW]),
    ],
)
def test_a_jpeg_is_decoded_as_small_as_the_format_of_its_view_allows(
    monkeypatch: pytest.MonkeyPatch, what: Any, wanted: tuple[str, ...], view_format: ViewFormat, least: list[float]
) -> None:
    original = encoded(what().convert("RGB").resize((4000, 2500)), "JPEG", quality=90)
    asked: list[float] = []

    def asking(file: Any, header: Any, least: float) -> Any:
        asked.append(least)
        return decode(file, header, least)

    monkeypatch.setattr("worker.engine.render.decode", asking)
    made: dict[str, tuple[int, int]] = {}
    engine.render(
        io.BytesIO(original), Limits(), lambda one: made.update({one.name: (one.width, one.height)}), wanted=wanted,
        view_format=view_format,
    )  # fmt: skip
    assert asked == least
    assert made == {name: {"grid": (480, 300), "view": (1600, 1000)}[name] for name in wanted}


@pytest.mark.parametrize("size", [(3200, 2000), (3201, 2000), (12801, 100), (12800, 3), (1601, 1600)])
def test_no_view_is_larger_than_what_was_decoded(size: tuple[int, int]) -> None:
    original = encoded(Image.effect_noise(size, 50).convert("RGB"), "JPEG")
    view = engine.upright_view(io.BytesIO(original), Limits(), VIEW, 1.0)
    scale = VIEW / max(size)
    assert view.size == size
    assert view.picture.size == tuple(max(1, round(side * scale)) for side in size)


def test_a_record_says_what_its_look_is_of(store: Store) -> None:
    image_id = accept(store, picture())
    with store.attempt(image_id, worker="test") as attempt:
        attempt.put("grid", b"grid", 3, 2)
        attempt.hand_on(RECIPE, placeholder="AAAA", color="#010203")
    assert (store.get(image_id).placeholder, store.get(image_id).color) == ("AAAA", "#010203")
