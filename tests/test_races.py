"""Processes that meet at the worst moment, each moment made to happen."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from cli.doctor import examination_of, examine
from pipeline.errors import GalleryError, RendererDied, TooSlow, Unrenderable, VolumeFull, VolumeUnavailable
from pipeline.ids import new_id
from pipeline.images.formats import Limits
from pipeline.queue.connection import connect
from pipeline.queue.events import EventPublisher
from pipeline.queue.lease import Lease
from pipeline.records import State
from pipeline.settings import Settings
from pipeline.store import Store, attempts, cleanup, deletion, outbox
from pipeline.store.checks.examine import repair
from pipeline.volume import volume
from pipeline.volume.locks import Busy, locked
from tests.pictures import picture, undecodable
from tests.test_crash_points import accept as accept_bytes
from tests.test_crash_points import make
from tests.test_crash_points import store as store  # the fixture
from worker.render_process.renderer import Renderer
from worker.sweep import Sweep
from worker.thumbnails import RenderContext


def stepping(store: Store, step: Callable[[str], None]) -> Store:
    return Store(Settings.from_environment({"GALLERY_DATA": str(store.layout.root)}), step)


@pytest.fixture
def render_context(store: Store) -> Any:
    nobody = connect("redis://127.0.0.1:1/0", timeout=0.1)
    events = EventPublisher(nobody, Lease(nobody, lambda: store.volume.id))
    render_context = RenderContext(store, Renderer(Limits(), 60, lambda: None), events, "test")
    yield render_context
    render_context.renderer.stop()


def refuse(number: int) -> Callable[..., NoReturn]:
    def refusing(*_: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return refusing


def test_repair_never_removes_the_folder_of_all_images(store: Store) -> None:
    (store.layout.images / "2001-01-01").mkdir()
    examination = examination_of(store)
    assert repair(examination, examination.all()).left == []
    assert store.layout.images.is_dir()
    assert examine(store) == []


def test_a_slow_upload_is_never_swept_away_while_it_is_accepted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, renamed = threading.Event(), threading.Event()

    def step(name: str) -> None:
        if name == "accept:before-name":
            assert listed.wait(10)
        if name == "accept:before-record":
            renamed.set()

    slow = stepping(store, step)
    draft = slow.draft()
    draft.write(picture())
    os.utime(draft.folder, (1, 1))
    real = os.listdir

    def listdir(path: Any) -> list[str]:
        names = real(path)
        if str(path) == str(store.layout.incoming) and not listed.is_set():
            listed.set()
            assert renamed.wait(10)
        return names

    uploading = threading.Thread(target=lambda: slow.accept(draft, "a.png"))
    monkeypatch.setattr(os, "listdir", listdir)
    uploading.start()
    assert cleanup.cleanup(store.volume).drafts == 0
    uploading.join(10)
    make(store, draft.id)
    assert store.get(draft.id).state is State.READY


def test_a_draft_taken_away_under_its_writer_is_not_accepted(store: Store) -> None:
    def step(name: str) -> None:
        if name == "accept:before-rename":
            assert deletion.drop_upload(store.volume, draft.folder, draft.id)

    draft = stepping(store, step).draft()
    draft.write(picture())
    with pytest.raises(VolumeUnavailable):
        stepping(store, step).accept(draft, "a.png")
    assert examine(store) == []
    assert store.page().records == []


def test_repair_leaves_the_claim_of_an_upload_that_is_being_accepted(store: Store) -> None:
    data = picture()

    def step(name: str) -> None:
        if name == "accept:before-rename":
            repair(examination_of(store), examine(store))

    accept_bytes(stepping(store, step), data)
    accept_bytes(store, data)
    assert len(store.page().records) == 1


def test_a_broken_picture_on_a_full_volume_keeps_its_reason(
    store: Store, render_context: RenderContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = accept_bytes(store, undecodable())
    with monkeypatch.context() as full:
        full.setattr(attempts, "replace_whole", refuse(errno.ENOSPC))
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


class Queue:
    """What was enqueued, of ids of which none has a job."""

    def __init__(self) -> None:
        self.put: list[str] = []

    def job_states(self, ids: list[str]) -> dict[str, bool | None]:
        return dict.fromkeys(ids, False)

    def replace(self, image_id: str) -> None:
        self.put.append(image_id)


def test_an_entry_that_cannot_be_handled_stops_no_sweep(store: Store) -> None:
    waiting, queue = accept_bytes(store, picture()), Queue()
    stray = store.layout.incoming / new_id()
    stray.touch()
    os.utime(stray, (1, 1))
    (store.layout.pending / new_id()).mkdir()
    draft = store.draft()
    draft.write(picture())
    draft.release()
    os.utime(draft.folder, (1, 1))
    with locked(store.layout.hash_lock(draft.sha256), wait=0):
        assert Sweep(store, queue, 30).sweep() == 1  # type: ignore[arg-type]
    assert queue.put == [waiting]


def test_an_image_that_fails_while_it_is_tidied_stays_on_the_list(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = accept_bytes(store, picture())
    outbox.note_failure(store.volume, image_id)
    real = cleanup._is_failed

    def then_it_fails(*arguments: Any) -> bool:
        found = real(*arguments)
        with store.attempt(image_id, worker="test") as held:
            held.fail(Unrenderable())
        return found

    monkeypatch.setattr(cleanup, "_is_failed", then_it_fails)
    cleanup.cleanup(store.volume)
    assert store.failed() == [image_id]


def test_a_renderer_that_dies_while_it_hands_over_is_counted(store: Store, render_context: RenderContext) -> None:
    render_context.renderer = Renderer(Limits(), 60, lambda: None, child=("tests.children", "dies in a sentence"))
    image_id = accept_bytes(store, picture())
    for _ in range(3):
        with pytest.raises(RendererDied):
            render_context.make(image_id)
    assert (store.get(image_id).state, store.get(image_id).attempts) == (State.FAILED, 3)


def test_a_picture_that_computes_without_end_is_tried_once(store: Store, render_context: RenderContext) -> None:
    render_context.renderer = Renderer(Limits(), 3, lambda: None, child=("tests.children", "spins"))
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

    def then_it_goes(original: Path, publish: Any) -> Any:
        store.delete(whole)
        return render(original, publish)

    with monkeypatch.context() as racing:
        racing.setattr(render_context.renderer, "render", then_it_goes)
        render_context.make(whole)

    def fail_late(original: Path, publish: Any) -> Any:
        try:
            return render(original, publish)
        finally:
            store.delete(damaged)

    with monkeypatch.context() as racing:
        racing.setattr(render_context.renderer, "render", fail_late)
        render_context.make(damaged)
    assert examine(store) == []
    assert store.failed() == store.pending() == []


def test_an_image_that_cannot_be_taken_back_stays_in_the_outbox(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture()

    def step(name: str) -> None:
        if name == "accept:after-rename":
            full.setattr(volume, "flush_existing", refuse(errno.EDQUOT))
            full.setattr(Path, "rename", refuse(errno.EDQUOT))

    with monkeypatch.context() as full, pytest.raises(GalleryError):
        accept_bytes(stepping(store, step), data)
    assert [record.id for record in store.page().records] == store.pending()
    accept_bytes(store, data)
    assert len(store.page().records) == 1


def test_two_images_of_one_minute_are_deleted_at_once(store: Store) -> None:
    first, second = (accept_bytes(store, picture()) for _ in range(2))

    def step(name: str) -> None:
        if name == "delete:renamed":
            store.delete(second)
            shutil.rmtree(store.layout.bucket(first), ignore_errors=True)

    stepping(store, step).delete(first)
    assert examine(store) == []
    assert list(store.layout.hashes.glob("*/*")) == []


def test_an_unreadable_original_is_named_and_the_rest_is_checked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.store.checks.disk import sha256

    first, second = (accept_bytes(store, picture()) for _ in range(2))
    store.original(store.get(second)).unlink()

    def broken_disk(path: Path) -> str:
        return refuse(errno.EIO)() if first in str(path) else sha256(path)

    monkeypatch.setattr("pipeline.store.checks.image.sha256", broken_disk)
    assert {(b.where, b.code) for b in examine(store)} == {
        (first, "original-unreadable"),
        (second, "original-missing"),
    }


def test_a_reader_never_sees_an_image_go_backwards(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    image_id = accept_bytes(store, picture())
    marker, read = store.layout.marker(image_id), Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path == marker:
            monkeypatch.undo()
            make(store, image_id)  # it comes to its end between the reading of record and marker
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
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


def test_a_large_upload_is_flushed_before_others_wait_for_its_lock(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    free: list[bool] = []
    data = picture() + bytes(17 * 1024 * 1024)
    draft = store.draft()
    draft.write(data)
    flush = draft.flush_to_disk

    def flushing() -> None:
        try:
            with locked(store.layout.hash_lock(draft.sha256), wait=0):
                free.append(True)
        except Busy:
            free.append(False)
        flush()

    monkeypatch.setattr(draft, "flush_to_disk", flushing)
    store.accept(draft, "large.png")
    assert free[0]
