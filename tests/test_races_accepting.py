"""An upload that meets the sweep, a repair or an error at the worst moment, each moment made to happen."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import examination_of, examine
from pipeline.errors import GalleryError, VolumeFull, VolumeUnavailable
from pipeline.records import State
from pipeline.store import Store, acceptance, cleanup, deletion
from pipeline.store.checks.examine import repair
from pipeline.volume import volume
from pipeline.volume.layout import RECORD
from pipeline.volume.locks import Busy, locked
from tests.pictures import picture
from tests.races import refuse
from tests.stopped import Call, run
from tests.stores import accept as accept_bytes
from tests.stores import make


def is_accepted(change: Call) -> bool:
    """Whether an upload is about to become an image."""
    return change.renames_into("images")


def test_a_slow_upload_is_never_swept_away_while_it_is_accepted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with run(store, "accept", picture()) as slow:
        (original,) = slow.stop_at(lambda change: change.name == "write").files
        os.utime((store.layout.root / original).parent, (1, 1))
        real = os.listdir
        listed: list[Any] = []

        def listdir(path: Any) -> list[str]:
            names = real(path)
            if str(path) == str(store.layout.incoming) and not listed:
                listed.append(path)
                slow.stop_at(lambda change: change.files[0].endswith(RECORD))
            return names

        monkeypatch.setattr(os, "listdir", listdir)
        assert cleanup.cleanup(store.volume).drafts == 0
        assert listed
        image_id = slow.finish()
    make(store, image_id)
    assert store.get(image_id).state is State.READY


def test_a_draft_taken_away_under_its_writer_is_not_accepted(store: Store) -> None:
    with run(store, "accept", picture()) as writer:
        folder = store.layout.root / writer.stop_at(is_accepted).files[0]
        assert deletion.drop_upload(store.volume, folder, folder.name.partition(".")[0])
        with pytest.raises(VolumeUnavailable):
            writer.finish()
    assert examine(store) == []
    assert store.page().records == []


def test_repair_leaves_the_claim_of_an_upload_that_is_being_accepted(store: Store) -> None:
    data = picture()
    with run(store, "accept", data) as upload:
        upload.stop_at(is_accepted)
        repair(examination_of(store), examine(store))
        upload.finish()
    accept_bytes(store, data)
    assert len(store.page().records) == 1


def test_an_image_that_cannot_be_taken_back_stays_in_the_outbox(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture()

    def touch_on_a_full_volume(_: Path) -> None:
        full.setattr(volume, "flush_existing", refuse(errno.EDQUOT))
        full.setattr(Path, "rename", refuse(errno.EDQUOT))

    with monkeypatch.context() as full:
        full.setattr(acceptance, "touch", touch_on_a_full_volume)  # called first after the rename
        with pytest.raises(GalleryError):
            accept_bytes(store, data)
    assert [record.id for record in store.page().records] == store.pending()
    accept_bytes(store, data)
    assert len(store.page().records) == 1


def test_nothing_is_left_of_an_upload_that_could_not_be_put_in_its_place(store: Store) -> None:
    data = picture()
    draft = store.draft()
    draft.write(data)
    day = store.layout.image(draft.id).parent.parent
    day.touch()
    with pytest.raises(VolumeUnavailable):
        store.accept(draft, "a.png")
    assert os.listdir(store.layout.incoming) == store.pending() == []
    day.unlink()
    assert accept_bytes(store, data) != draft.id
    assert examine(store) == []


def test_nothing_is_left_of_an_upload_whose_record_found_no_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "write_all", refuse(errno.ENOSPC))
    with pytest.raises(VolumeFull):
        accept_bytes(store, picture())
    assert os.listdir(store.layout.incoming) == store.pending() == []


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
