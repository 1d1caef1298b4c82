"""A job that meets a deletion, an error of the volume or the end of its render process."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import examine
from pipeline.errors import RendererDied, TooSlow, Unrenderable, VolumeFull
from pipeline.images.formats import Limits
from pipeline.queue.connection import connect
from pipeline.queue.events import EventPublisher
from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.lease import Lease
from pipeline.records import State
from pipeline.store import Store, attempt, reading
from pipeline.volume import files
from tests.pictures import picture, undecodable
from tests.races import refuse
from tests.stores import accept as accept_bytes
from tests.stores import make
from worker.render_process.renderer import Renderer
from worker.thumbnails import RenderContext


@pytest.fixture
def render_context(store: Store) -> Any:
    nobody = connect("redis://127.0.0.1:1/0", timeout=0.1)
    lease = Lease(nobody, lambda: store.volume.id)
    queue = ImageQueues(nobody, 60, lease)
    renderer = Renderer(Limits(), 60, lambda: None)
    render_context = RenderContext(store, renderer, EventPublisher(nobody, lease), queue, "test")
    yield render_context
    render_context.renderer.stop()


def test_a_broken_picture_on_a_full_volume_keeps_its_reason(
    store: Store, render_context: RenderContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = accept_bytes(store, undecodable())
    with monkeypatch.context() as full:
        full.setattr(attempt, "put_whole", refuse(errno.ENOSPC))
        for _ in range(4):
            with pytest.raises(VolumeFull):
                render_context.make(image_id)
    with pytest.raises(Unrenderable):
        render_context.make(image_id)
    reason = store.get(image_id).reason
    assert reason is not None
    assert reason.code == "cannot-be-decoded"


def test_an_attempt_that_could_not_be_noted_is_not_counted(
    store: Store, render_context: RenderContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = accept_bytes(store, picture())
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refuse(errno.EDQUOT))
        for _ in range(4):
            with pytest.raises(VolumeFull):
                render_context.make(image_id)
    render_context.make(image_id)
    assert (store.get(image_id).state, store.get(image_id).attempts) == (State.READY, 1)


def test_a_renderer_that_dies_while_it_hands_over_is_counted(store: Store, render_context: RenderContext) -> None:
    render_context.renderer = Renderer(Limits(), 60, lambda: None, child=("tests.children", "dies in a sentence"))
    image_id = accept_bytes(store, picture())
    for _ in range(3):
        with pytest.raises(RendererDied):
            render_context.make(image_id)
    assert (store.get(image_id).state, store.get(image_id).attempts) == (State.FAILED, 3)


def test_a_picture_that_computes_without_end_is_tried_once(store: Store, render_context: RenderContext) -> None:
    render_context.renderer = Renderer(Limits(), 3, lambda: None, child=("tests.children", "spins"))
    render_context.renderer.start()  # which has a time-out of its own
    image_id = accept_bytes(store, picture())
    with pytest.raises(TooSlow):
        render_context.make(image_id)
    record = store.get(image_id)
    assert record.reason is not None
    assert (record.state, record.attempts, record.reason.code) == (State.FAILED, 1, "took-too-long")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_all_ends_no_renderer_that_is_starting(
    store: Store, render_context: RenderContext, number: signal.Signals
) -> None:
    image_id = accept_bytes(store, picture())
    working = threading.Thread(target=lambda: render_context.make(image_id))
    working.start()
    while (pid := render_context.renderer.pid) is None:
        time.sleep(0.001)
    for _ in range(20):
        os.kill(pid, number)
        time.sleep(0.01)
    working.join(60)
    assert (store.get(image_id).state, store.get(image_id).attempts) == (State.READY, 1)


def test_an_image_whose_original_is_gone_fails_by_name(store: Store, render_context: RenderContext) -> None:
    image_id = accept_bytes(store, picture())
    store.original(store.get(image_id)).unlink()
    render_context.make(image_id)
    reason = store.get(image_id).reason
    assert reason is not None
    assert reason.code == "original-missing"


def test_an_image_that_is_deleted_while_it_is_read_is_told_as_deleted(
    store: Store, render_context: RenderContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, damaged = accept_bytes(store, picture()), accept_bytes(store, undecodable())
    render = render_context.renderer.render

    def then_it_goes(original: Path, publish: Any, wanted: Any, **how: Any) -> Any:
        store.delete(whole)
        return render(original, publish, wanted, **how)

    with monkeypatch.context() as racing:
        racing.setattr(render_context.renderer, "render", then_it_goes)
        render_context.make(whole)

    def fail_late(original: Path, publish: Any, wanted: Any, **how: Any) -> Any:
        try:
            return render(original, publish, wanted, **how)
        finally:
            store.delete(damaged)

    with monkeypatch.context() as racing:
        racing.setattr(render_context.renderer, "render", fail_late)
        render_context.make(damaged)
    assert examine(store) == []
    assert store.failed() == store.pending() == []


def test_a_reader_never_sees_an_image_go_backwards(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    image_id = accept_bytes(store, picture())
    marker, read = store.layout.marker(image_id), files.read_small_file

    def read_bytes(path: Path, *how: Any) -> Any:
        if path == marker:
            monkeypatch.undo()
            make(store, image_id)  # it comes to its end between the reading of record and marker
        return read(path, *how)

    monkeypatch.setattr(reading, "read_small_file", read_bytes)
    record = store.get(image_id)
    assert (record.state, sorted(record.renditions)) == (State.READY, ["grid", "view"])


def test_a_grid_that_a_power_loss_took_is_not_told_of_again(store: Store) -> None:
    image_id = accept_bytes(store, picture())
    with store.attempt(image_id, worker="test") as first:
        first.put("grid", b"grid", 3, 2)
        first.show(1)
    assert list(store.get(image_id).renditions) == ["grid"]
    store.layout.rendition(image_id, "grid").unlink()
    with store.attempt(image_id, worker="test") as second:
        assert second.number == 2
        failed = second.fail(Unrenderable())
    assert failed.renditions == {}
