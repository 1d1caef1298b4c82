"""The sweep, the doctor and deletions while images change under them."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import examination_of, examine
from pipeline.errors import ImageNotFound, Unrenderable
from pipeline.ids import new_id
from pipeline.queue.image_queues import JobState
from pipeline.store import Store, cleanup, deletion, failure_marks
from pipeline.store.checks.examine import repair
from pipeline.store.outdated_failures import OutdatedFailures
from pipeline.volume.files import flush_existing
from pipeline.volume.layout import RECORD
from pipeline.volume.locks import locked
from tests.pictures import picture, pictures_apart
from tests.races import refuse
from tests.stopped import open_store, run
from tests.stores import accept as accept_bytes
from worker.sweep import Sweep


def test_repair_never_removes_the_folder_of_all_images(store: Store) -> None:
    (store.layout.images / "2001-01-01").mkdir()
    examination = examination_of(store)
    assert repair(examination, examination.all()).left == []
    assert store.layout.images.is_dir()
    assert examine(store) == []


class Queue:
    """What was enqueued, of ids of which none has a job."""

    def __init__(self) -> None:
        self.put: list[str] = []

    def job_states(self, ids: list[str]) -> dict[str, JobState]:
        return dict.fromkeys(ids, JobState.NONE)

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
    failure_marks.note_failure(store.volume, image_id)
    real = OutdatedFailures._is_outdated

    def then_it_fails(*arguments: Any) -> bool:
        found = real(*arguments)
        with store.attempt(image_id, worker="test") as held:
            held.fail(Unrenderable())
        return found

    monkeypatch.setattr(OutdatedFailures, "_is_outdated", then_it_fails)
    cleanup.cleanup(store.volume)
    assert store.failed() == [image_id]


def test_two_images_of_one_minute_are_deleted_at_once(without_trash: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store = without_trash
    first, second = (accept_bytes(store, data) for data in pictures_apart(2))

    def then_the_other_is_deleted(folder: Path) -> None:
        monkeypatch.undo()
        store.delete(second)
        shutil.rmtree(folder, ignore_errors=True)
        flush_existing(folder)

    monkeypatch.setattr(deletion, "flush_existing", then_the_other_is_deleted)
    open_store(store.layout.root, GALLERY_TRASH_DAYS="0").delete(first)
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


def test_an_image_that_is_deleted_while_it_is_retried_is_not_found_and_leaves_nothing(store: Store) -> None:
    image_id = accept_bytes(store, picture())
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())

    with run(store, "retry", image_id) as retry:
        retry.stop_at(lambda change: RECORD in change.files[0])
        store.delete(image_id)
        with pytest.raises(ImageNotFound):
            retry.finish()
    assert store.pending() == store.failed() == []
    assert examine(store) == []
