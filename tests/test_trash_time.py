"""Images leave the trash when their time is up or their room is needed, and not before."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.doctor import examine
from pipeline.errors import VolumeFull
from pipeline.ids import new_id
from pipeline.settings import Settings
from pipeline.store import Store, expiry
from pipeline.store.trash_size import TrashSize
from pipeline.volume.volume import Volume
from tests.conftest import picture, until
from tests.product import mounted
from tests.stores import accept, make
from tests.trash import DAY, put_away_before, ready


def test_what_has_been_there_for_its_time_goes_for_good(store: Store) -> None:
    old, new = ready(store), ready(store)
    for image_id in (old, new):
        store.delete(image_id)
    put_away_before(store, old, 30 * DAY + 60)
    put_away_before(store, new, 30 * DAY - 60)
    assert store.expire_trash() == 1
    assert store.trashed_ids() == [new]
    assert list(store.layout.root.rglob(f"*{old}*")) == []
    assert examine(store) == []


def test_the_time_in_the_trash_is_told_by_the_clock_of_the_volume_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = ready(store)
    store.delete(image_id)
    now = time.time()
    for wrong in (now + 100 * DAY, now - 100 * DAY):
        monkeypatch.setattr(time, "time", lambda wrong=wrong: wrong)
        assert store.expire_trash() == 0
    put_away_before(store, image_id, 31 * DAY)
    assert store.expire_trash() == 1


def test_what_was_restored_and_deleted_once_more_has_all_its_time_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "_AGAIN", 0)  # as if much else were in the trash
    image_id = ready(store)
    store.delete(image_id)
    put_away_before(store, image_id, 29 * DAY)
    assert store.expire_trash() == 0
    store.restore(image_id)
    store.delete(image_id)
    two_days_later = store.volume.now_ns() + 2 * DAY * 10**9
    monkeypatch.setattr(Volume, "now_ns", lambda _: two_days_later)
    assert store.expire_trash() == 0
    assert store.trashed_ids() == [image_id]


def test_a_sweep_asks_for_few_stamps_however_much_is_in_the_trash(store: Store) -> None:
    for _ in range(1500):
        store.layout.trashed(new_id()).mkdir()
    found = [asked_for_stamps(store.expire_trash) for _ in range(4)]
    assert max(found[:2]) < 1100, "more than those that it does not know yet"
    assert max(found[2:]) < 120
    put_away_before(store, store.trashed_ids()[750], 31 * DAY)
    until(lambda: store.expire_trash() == 1, 60)


def test_room_is_made_without_asking_again_for_every_stamp(store: Store) -> None:
    ids = [new_id() for _ in range(300)]
    for number, image_id in enumerate(ids):
        store.layout.trashed(image_id).mkdir()
        put_away_before(store, image_id, 1000 - number)
    trash_size, removed = TrashSize(store.volume), list[str]()
    removed.append(next(trash_size.make_room()))
    os.utime(store.layout.trashed(ids[1]))  # as if it was restored, and deleted once more
    assert asked_for_stamps(lambda: removed.append(next(trash_size.make_room()))) < 30
    assert removed == [ids[0], ids[2]]


def test_two_uploads_that_make_room_at_once_remove_each_image_once(store: Store) -> None:
    ids = [new_id() for _ in range(4)]
    for number, image_id in enumerate(ids):
        store.layout.trashed(image_id).mkdir()
        put_away_before(store, image_id, 1000 - number)
    trash_size = TrashSize(store.volume)
    one, other = trash_size.make_room(), trash_size.make_room()
    assert [next(one), next(other), next(one), next(other)] == ids


def asked_for_stamps(step: Callable[[], object]) -> int:
    """How often a step calls `stat`."""
    found = 0

    def watch(_frame: object, event: str, function: object) -> None:
        nonlocal found
        found += event == "c_call" and function is os.stat

    sys.setprofile(watch)
    try:
        step()
    finally:
        sys.setprofile(None)
    return found


def test_what_was_put_away_first_makes_room_for_an_upload_if_that_helps(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=24m") as mounts:
        if not mounts:
            pytest.skip("a file system in memory cannot be mounted here")
        environ = {"GALLERY_DATA": str(tmp_path / "small"), "GALLERY_RESERVE_MB": "4"}
        store = Store(Settings.from_environment(environ))
        store.prepare()
        ids = []
        for number in range(3):
            ids.append(accept(store, picture("PNG", (60, 60)) + os.urandom(5_000_000)))
            make(store, ids[-1])
            store.delete(ids[-1])
            put_away_before(store, ids[-1], 1000 - number)
        store = Store(Settings.from_environment(environ))  # which has not counted what waited
        with pytest.raises(VolumeFull):
            store.draft(40_000_000)
        assert store.trashed_ids() == ids[::-1]
        store.draft(6_000_000).discard()
        assert store.trashed_ids() == ids[:0:-1]
        store.draft(18_000_000).discard()
        assert store.trashed_ids() == []


def test_nothing_is_kept_where_nothing_is_to_be_kept(without_trash: Store) -> None:
    image_id = ready(without_trash)
    without_trash.delete(image_id)
    assert list(without_trash.layout.root.rglob(f"*{image_id}*")) == []


def test_turning_the_trash_off_empties_it(store: Store) -> None:
    image_id = ready(store)
    store.delete(image_id)
    off = Store(Settings.from_environment({"GALLERY_DATA": str(store.layout.root), "GALLERY_TRASH_DAYS": "0"}))
    assert off.expire_trash() == 1
    assert examine(store) == []
