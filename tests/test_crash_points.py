"""A process killed between each two steps of accepting, rendering, deleting and retrying; then recovery."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.doctor import examine
from pipeline.errors import ImageNotFound, Unrenderable
from pipeline.records import State
from pipeline.store import NothingToDo, Store
from pipeline.volume.files import stage
from tests.conftest import ROOT, picture
from tests.stores import accept, make, recover

ACCEPT = [
    "before-name",
    "before-record",
    "before-marker",
    "before-claim",
    "before-flush",
    "before-rename",
    "after-rename",
]
GRID = ["begun", "before-grid", "after-grid", "before-shown", "shown"]
VIEW = ["before-view", "after-view", "before-record", "after-record"]
DELETE = ["before-rename", "after-rename", "before-markers", "before-folder"]

# argv: what to do, where to die, the image's bytes or id
VICTIM = """
import os, signal, sys
from pathlib import Path
from tests.stores import accept, make
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store

what, where, argument = sys.argv[1:]
def step(name):
    if name == where:
        os.kill(os.getpid(), signal.SIGKILL)
store = Store(Settings.from_environment(), step)
if what == "accept":
    accept(store, Path(argument).read_bytes())
elif what == "render":
    make(store, argument)
elif what == "grid":
    make(store, argument, grid_only=True)
else:
    getattr(store, what)(argument)
"""


def die(store: Store, what: str, where: str, argument: str, **settings: str) -> None:
    environ = {**os.environ, "GALLERY_DATA": str(store.layout.root), **settings}
    victim = subprocess.run([sys.executable, "-c", VICTIM, what, where, argument], cwd=ROOT, env=environ)
    assert victim.returncode == -signal.SIGKILL


@pytest.mark.parametrize("where", ACCEPT)
def test_killed_while_accepting(store: Store, tmp_path: Path, where: str) -> None:
    data = picture()
    (tmp_path / "upload").write_bytes(data)
    die(store, "accept", f"accept:{where}", str(tmp_path / "upload"))
    again = accept(store, data)
    recover(store)
    assert [record.id for record in store.page().records] == [again]


@pytest.mark.parametrize("where", GRID + VIEW)
def test_killed_while_rendering(store: Store, where: str) -> None:
    image_id = accept(store, picture())
    die(store, "render", f"render:{where}", image_id)
    recover(store)
    assert store.get(image_id).attempts == (1 if where == "after-record" else 2)


@pytest.mark.parametrize("where", [*GRID, "handed-on"])
def test_killed_while_making_the_grid_alone(store: Store, where: str) -> None:
    image_id = accept(store, picture())
    die(store, "grid", f"render:{where}", image_id)
    seen = where in ("shown", "handed-on")
    assert list(store.get(image_id).renditions) == (["grid"] if seen else [])
    recover(store)
    assert store.get(image_id).attempts == (1 if seen else 2)


@pytest.mark.parametrize("where", ["begun", *VIEW])
def test_killed_while_making_the_view_after_its_grid(store: Store, where: str) -> None:
    image_id = accept(store, picture())
    make(store, image_id, grid_only=True)
    before = store.get(image_id)
    grid = store.layout.rendition(image_id, "grid").read_bytes()
    die(store, "render", f"render:{where}", image_id)
    assert store.get(image_id).renditions["grid"] == before.renditions["grid"]
    assert store.layout.rendition(image_id, "grid").read_bytes() == grid
    recover(store)
    after = store.get(image_id)
    assert after.attempts == (1 if where == "after-record" else 2)
    assert (after.renditions["grid"], after.started_at) == (before.renditions["grid"], before.started_at)
    assert store.layout.rendition(image_id, "grid").read_bytes() == grid


@pytest.mark.parametrize("where", DELETE)
def test_killed_while_deleting_for_good(without_trash: Store, where: str) -> None:
    store, data = without_trash, picture()
    image_id = accept(store, data)
    die(store, "delete", f"delete:{where}", image_id, GALLERY_TRASH_DAYS="0")
    recover(store)
    if where == "before-rename":
        store.delete(image_id)
    with pytest.raises(ImageNotFound):
        store.get(image_id)
    assert accept(store, data) != image_id


@pytest.mark.parametrize("has_grid", [False, True])
def test_killed_while_retrying(store: Store, has_grid: bool) -> None:
    image_id = accept(store, picture())
    if has_grid:
        make(store, image_id, grid_only=True)
    grid = store.get(image_id).renditions
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    die(store, "retry", "retry:before-record", image_id)
    assert store.get(image_id).renditions == grid
    recover(store)
    assert store.get(image_id).state is State.READY
    assert store.failed() == []


@pytest.mark.parametrize("ready", [False, True])
def test_half_a_record_of_a_killed_retry_is_removed(store: Store, ready: bool) -> None:
    image_id = accept(store, picture())
    if ready:
        make(store, image_id)
        (store.layout.marker(image_id)).touch()
    else:
        with store.attempt(image_id, worker="test") as attempt:
            attempt.fail(Unrenderable())
        die(store, "retry", "retry:before-record", image_id)
    stage(store.layout.record(image_id), b"{")
    recover(store)
    assert examine(store) == []


def test_a_delete_that_is_killed_while_a_worker_has_the_image_leaves_nothing(store: Store) -> None:
    image_id = accept(store, picture())
    with store.attempt(image_id, worker="test") as attempt:
        die(store, "delete", "delete:before-rename", image_id)
        attempt.fail(Unrenderable())
    assert store.failed() == [image_id]
    assert examine(store) == []


def test_an_image_stays_among_the_failed_when_its_retry_and_then_its_worker_are_killed(store: Store) -> None:
    image_id = accept(store, picture())
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    die(store, "retry", "retry:before-record", image_id)
    die(store, "render", "render:begun", image_id)
    with pytest.raises(NothingToDo):
        make(store, image_id)
    assert (store.failed(), store.pending()) == ([image_id], [])
    assert examine(store) == []
