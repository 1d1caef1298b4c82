"""Attempts that are cut short in the middle of a file, or at their end, and what a lock on an image keeps from it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cli.doctor import examine
from pipeline.errors import Unrenderable
from pipeline.ids import new_id
from pipeline.records import State
from pipeline.store import NothingToDo, Store, outbox
from pipeline.store.cleanup import cleanup
from pipeline.volume import nfs, volume
from pipeline.volume.files import open_private
from tests.conftest import picture
from tests.stores import accept, make


def test_a_volume_that_takes_no_file_can_be_served(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, flags: int) -> int:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    store.layout.image_locks.unlink()
    monkeypatch.setattr(volume, "open_private", refuse)
    store.prepare()
    assert not store.volume.image_locks.is_held(new_id())


def test_the_marker_of_an_image_in_hand_is_no_orphan(store: Store) -> None:
    image_id = new_id()
    store.layout.marker(image_id).touch()
    with store.volume.image_locks.hold(image_id, wait=0):
        assert examine(store) == []
        cleanup(store.volume)
        assert store.layout.marker(image_id).exists()
    assert [found.code for found in examine(store)] == ["marker-orphan"]


def test_an_end_whose_marker_cannot_be_removed_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    image_id = accept(store, picture())
    with monkeypatch.context() as failing:
        failing.setattr(outbox, "remove", refuse)
        with pytest.raises(OSError, match="Input/output"):
            make(store, image_id)
    assert (store.get(image_id).state, store.pending()) == (State.READY, [image_id])
    with pytest.raises(NothingToDo):
        make(store, image_id)
    assert (store.get(image_id).state, store.pending()) == (State.READY, [])


def test_half_a_rendition_of_an_attempt_that_died_is_replaced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over NFS, the first attempt writes a rendition directly under its final name."""
    monkeypatch.setitem(store.volume.folders.__dict__, "is_on_nfs", True)
    monkeypatch.setattr(volume, "open_undelegated", open_private)
    image_id = accept(store, picture())
    with store.attempt(image_id, worker="test"):
        store.layout.rendition(image_id, "grid").write_bytes(b"half")  # and it dies
    make(store, image_id)
    record = store.get(image_id)
    assert (record.state, record.attempts) == (State.READY, 2)
    assert examine(store) == []


def test_what_a_rolled_back_attempt_wrote_goes_if_the_image_fails(store: Store) -> None:
    image_id = accept(store, picture())
    with store.attempt(image_id, worker="test") as attempt:
        attempt.put("grid", b"grid", 3, 2)
        attempt.roll_back()
    with store.attempt(image_id, worker="test") as attempt:
        assert attempt.number == 1
        attempt.fail(Unrenderable())
    assert not store.layout.rendition(image_id, "grid").exists()
    assert examine(store) == []


def test_a_first_rendition_is_written_under_its_name_and_a_later_one_replaces_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "grid.webp"
    nfs.put_first(path, b"first")
    assert path.read_bytes() == b"first"
    with path.open("rb") as reader:
        nfs.put_first(path, b"second")
        assert reader.read() == b"first"
    assert path.read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["grid.webp"]


def test_a_first_rendition_that_cannot_be_flushed_leaves_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "grid.webp"
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            nfs.put_first(path, b"first")
    assert path.read_bytes() == b""
    nfs.put_first(path, b"again")
    assert path.read_bytes() == b"again"
