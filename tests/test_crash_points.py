"""A process killed between each two steps of accepting, rendering, deleting and retrying; then recovery."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import ImageNotFound, Unrenderable
from pipeline.images.formats import Limits
from pipeline.records import State
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store
from pipeline.store.cleanup import cleanup
from tests.conftest import ROOT, picture
from worker.engine.render import Rendition, render

ACCEPT = [
    "before-name",
    "before-record",
    "before-marker",
    "before-claim",
    "before-flush",
    "before-rename",
    "after-rename",
]
RENDER = ["begun", "before-grid", "after-grid", "before-view", "after-view", "before-record", "after-record"]
DELETE = ["before-rename", "after-rename", "before-markers", "before-folder"]

# argv: what to do, where to die, the image's bytes or id
VICTIM = """
import os, signal, sys
from pathlib import Path
from tests.test_crash_points import accept, make
from pipeline.settings import Settings
from pipeline.store import Store

what, where, argument = sys.argv[1:]
def step(name):
    if name == where:
        os.kill(os.getpid(), signal.SIGKILL)
store = Store(Settings.from_environment(), step)
if what == "accept":
    accept(store, Path(argument).read_bytes())
elif what == "render":
    make(store, argument)
elif what == "delete":
    store.delete(argument)
else:
    store.retry(argument)
"""


def accept(store: Store, data: bytes) -> str:
    draft = store.draft()
    draft.write(data)
    return store.accept(draft, "a.png").record.id


def make(store: Store, image_id: str) -> None:
    with store.attempt(image_id, worker="test") as attempt:

        def publish(made: Rendition) -> None:
            attempt.put(made.name, made.data, made.width, made.height)

        with attempt.original.open("rb") as original:
            render(original, Limits(), publish)
        attempt.finish()


def die(store: Store, what: str, where: str, argument: str) -> None:
    environ = {**os.environ, "GALLERY_DATA": str(store.layout.root)}
    victim = subprocess.run([sys.executable, "-c", VICTIM, what, where, argument], cwd=ROOT, env=environ)
    assert victim.returncode == -signal.SIGKILL


def recover(store: Store) -> None:
    """What the sweep and a worker do; and then the rules hold."""
    cleanup(store.volume)
    for image_id in store.pending():
        try:
            make(store, image_id)
        except NothingToDo:
            continue
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
    assert claims == sorted(record.id for record in records)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(Settings.from_environment({"GALLERY_DATA": str(tmp_path / "data")}))
    store.prepare()
    return store


@pytest.mark.parametrize("where", ACCEPT)
def test_killed_while_accepting(store: Store, tmp_path: Path, where: str) -> None:
    data = picture()
    (tmp_path / "upload").write_bytes(data)
    die(store, "accept", f"accept:{where}", str(tmp_path / "upload"))
    again = accept(store, data)
    recover(store)
    assert [record.id for record in store.page().records] == [again]


@pytest.mark.parametrize("where", RENDER)
def test_killed_while_rendering(store: Store, where: str) -> None:
    image_id = accept(store, picture())
    die(store, "render", f"render:{where}", image_id)
    recover(store)
    assert store.get(image_id).attempts == (1 if where == "after-record" else 2)


@pytest.mark.parametrize("where", DELETE)
def test_killed_while_deleting(store: Store, where: str) -> None:
    data = picture()
    image_id = accept(store, data)
    die(store, "delete", f"delete:{where}", image_id)
    recover(store)
    if where == "before-rename":
        store.delete(image_id)
    with pytest.raises(ImageNotFound):
        store.get(image_id)
    assert accept(store, data) != image_id


def test_killed_while_retrying(store: Store) -> None:
    image_id = accept(store, picture())
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    die(store, "retry", "retry:before-record", image_id)
    recover(store)
    assert store.get(image_id).state is State.READY
    assert store.failed() == []
