"""A store without processes around it: what web, a worker and the sweep do to it, called one by one."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from dataclasses import asdict

from PIL import Image

from pipeline.errors import Unrenderable
from pipeline.images.formats import Limits
from pipeline.images.recipe import RECIPE
from pipeline.records import RENDITIONS, State
from pipeline.store import NothingToDo, Store
from pipeline.store.cleanup import cleanup
from worker.engine.picture import Rendition
from worker.engine.render import render


def accept(store: Store, data: bytes) -> str:
    draft = store.draft()
    draft.write(data)
    return store.accept(draft, "a.png").record.id


def make(store: Store, image_id: str, *, grid_only: bool = False) -> None:
    """What the worker's job does."""
    with store.attempt(image_id, worker="test", grid_only=grid_only) as attempt:
        wanted = ("view",) if attempt.has_grid else ("grid",) if grid_only else RENDITIONS

        def publish(made: Rendition) -> None:
            attempt.put(made.name, made.data, made.width, made.height, made.format)
            if made.name == "grid" and not grid_only:
                attempt.show(RECIPE)

        with attempt.original.open("rb") as original:
            found = render(original, Limits(), publish, wanted=wanted)
        if wanted == ("grid",):
            attempt.hand_on(RECIPE, **asdict(found))
        else:
            attempt.finish(**asdict(found))


def ready(store: Store, data: bytes) -> str:
    """A picture accepted and made; its id."""
    image_id = accept(store, data)
    make(store, image_id)
    return image_id


def failed(store: Store, data: bytes) -> str:
    """A picture accepted and failed; its id."""
    image_id = accept(store, data)
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    return image_id


def work_off(store: Store) -> None:
    """What the sweep and a worker do."""
    cleanup(store.volume)
    for image_id in store.pending():
        with suppress(NothingToDo):
            make(store, image_id)


def recover(store: Store) -> None:
    """What the sweep and a worker do; and then the rules hold."""
    work_off(store)
    layout = store.layout
    assert os.listdir(layout.incoming) == os.listdir(layout.pending) == []
    records = store.page(limit=100).records
    for record in records:
        assert record.state is State.READY
        for name, info in record.renditions.items():
            data = layout.rendition(record.id, name).read_bytes()
            assert len(data) == info.bytes
            with Image.open(io.BytesIO(data)) as whole:
                whole.load()
        assert sorted(record.renditions) == ["grid", "view"]
        assert [p.name for p in layout.image(record.id).glob(".*")] == []
    claims = sorted(str(path.readlink()) for path in layout.hashes.glob("*/*"))
    assert claims == sorted([*(record.id for record in records), *store.trashed_ids()])
