"""An upload that meets the sweep, a repair or an error at the worst moment, each moment made to happen."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import examination_of, examine
from pipeline.errors import GalleryError, VolumeUnavailable
from pipeline.records import State
from pipeline.store import Store, cleanup, deletion
from pipeline.store.checks.examine import repair
from pipeline.volume import volume
from pipeline.volume.locks import Busy, locked
from tests.pictures import picture
from tests.races import refuse, stepping
from tests.stores import accept as accept_bytes
from tests.stores import make


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
