"""What a process is stopped at: each function takes the store, and plain values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.errors import Unrenderable
from pipeline.settings import Settings
from pipeline.store import Store, duplicates
from pipeline.store.checks import examine
from pipeline.store.cleanup import cleanup
from pipeline.store.day_files import DayFiles
from pipeline.store.regeneration import RenderedFile, regenerating
from tests.stores import accept, make


def open_store(root: Path, **settings: str) -> Store:
    return Store(Settings.from_environment({"GALLERY_DATA": str(root), **settings}))


def render(store: Store, image_id: str) -> None:
    make(store, image_id)


def render_grid(store: Store, image_id: str) -> None:
    make(store, image_id, grid_only=True)


def fail(store: Store, image_id: str) -> None:
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())


def delete(store: Store, image_id: str) -> None:
    store.delete(image_id)


def restore(store: Store, image_id: str) -> None:
    store.restore(image_id)


def purge(store: Store, image_id: str) -> None:
    store.purge(image_id)


def retry(store: Store, image_id: str) -> None:
    store.retry(image_id)


def write_days(store: Store) -> None:
    DayFiles(store.volume, 0, 0).work(60)


def regenerate(store: Store, image_id: str) -> None:
    with regenerating(store, image_id) as work:
        work.replace([RenderedFile("grid", b"new grid", 1, 1), RenderedFile("view", b"new view", 1, 1)])


def describe(store: Store, image_id: str) -> None:
    with regenerating(store, image_id) as work:
        work.describe(lambda notes: (*notes, "a note"), camera="a camera")


def sweep(store: Store) -> None:
    cleanup(store.volume)
    duplicates.adopt_former(store.volume)


def repair(store: Store) -> None:
    examine.SECOND_LOOK_SECONDS = 0.01
    examination = examine.Examination(store.volume, decode=_size)
    examine.repair(examination, examination.all())


def _size(path: Path) -> tuple[int, int]:
    """A rendition's size, decoded here: to start the confined process takes longer than a repair."""
    try:
        with Image.open(path, formats=("WEBP",)) as picture:
            picture.load()
            return picture.size
    except (OSError, SyntaxError) as error:
        raise ValueError(str(error)) from error


_ALL = (
    accept, render, render_grid, fail, delete, restore, purge, retry, regenerate, describe, sweep, write_days, repair,
)  # fmt: skip
OPERATIONS: dict[str, Callable[..., Any]] = {function.__name__: function for function in _ALL}
