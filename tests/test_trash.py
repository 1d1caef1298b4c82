"""The trash: a deleted image comes back as it was, through any crash, and never as a second one."""

from __future__ import annotations

import errno
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import examine
from pipeline.errors import ImageNotFound, NotRestorable, Unrenderable
from pipeline.records import Record, State
from pipeline.store import Store, reading
from pipeline.store.cleanup import cleanup
from tests.conftest import picture
from tests.stopped import run
from tests.stores import accept, make, recover
from tests.trash import ready


def everything_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def failed(store: Store) -> str:
    image_id = accept(store, picture())
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    return image_id


@pytest.mark.parametrize(
    "kind", [ready, failed, lambda store: accept(store, picture())], ids=["ready", "failed", "pending"]
)
def test_an_image_comes_back_as_it_was(store: Store, kind: Any) -> None:
    image_id = kind(store)
    before, record = everything_in(store.layout.image(image_id)), store.get(image_id)
    store.delete(image_id)
    with pytest.raises(ImageNotFound):
        store.get(image_id)
    assert store.page().records == []
    assert store.pending() == store.failed() == []
    assert store.find_by_hash(record.sha256) is None
    assert examine(store) == []
    assert store.restore(image_id) == record
    assert store.get(image_id) == record
    assert everything_in(store.layout.image(image_id)) == before
    assert store.pending() == ([image_id] if record.state is State.PENDING else [])
    assert store.failed() == ([image_id] if record.state is State.FAILED else [])
    assert store.trashed_ids() == []
    assert examine(store) == []


def test_the_same_bytes_bring_an_image_back_and_never_make_a_second(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    make(store, image_id)
    store.delete(image_id)
    upload = store.draft()
    upload.write(data)
    accepted = store.accept(upload, "b.png")
    assert (accepted.record.id, accepted.new, accepted.restored, accepted.pending) == (image_id, False, True, False)
    assert store.get(image_id).state is State.READY
    assert examine(store) == []


def test_bytes_that_were_damaged_in_the_trash_are_replaced_by_those_that_are_sent(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    make(store, image_id)
    original = store.original(store.get(image_id)).name
    store.delete(image_id)
    path = store.layout.trashed(image_id) / original
    path.write_bytes(bytes(path.stat().st_size))
    assert accept(store, data) == image_id
    assert store.original(store.get(image_id)).read_bytes() == data
    recover(store)
    assert examine(store) == []


def test_an_image_whose_record_was_damaged_in_the_trash_is_named_and_in_nobodys_way(store: Store) -> None:
    data = picture()
    image_id = accept(store, data)
    store.delete(image_id)
    (store.layout.trashed(image_id) / "image.json").write_bytes(b"{")
    assert [violation.code for violation in examine(store)] == ["trash-damaged", "claim-orphan"]
    again = accept(store, data)
    assert again != image_id
    assert store.trashed_page() == ([], None)
    store.purge(image_id)
    assert examine(store) == []


def test_a_sweep_leaves_the_marker_of_an_image_that_comes_back(store: Store) -> None:
    image_id = accept(store, picture())
    store.delete(image_id)

    with run(store, "restore", image_id) as restore:
        restore.stop_at(lambda change: change.renames_into("images"))
        assert cleanup(store.volume).markers == 0
        restore.finish()
    assert store.pending() == [image_id]
    assert examine(store) == []


def test_an_image_that_leaves_the_trash_and_comes_back_while_it_is_read_is_not_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id = accept(store, picture())
    store.delete(image_id)
    load, looks = reading._load, list[Path]()

    def load_later(path: Path, wanted: str) -> Record:
        looks.append(path)
        if len(looks) == 1:
            raise FileNotFoundError(errno.ENOENT, "restored, and deleted once more meanwhile")
        return load(path, wanted)

    monkeypatch.setattr(reading, "_load", load_later)
    assert reading.read_trashed(store.volume, image_id).id == image_id


def test_deletes_restores_uploads_and_removals_at_once_leave_one_image_or_none(store: Store) -> None:
    pictures = [picture() for _ in range(3)]
    ids = [accept(store, data) for data in pictures]
    seen: Counter[str] = Counter()
    end = time.monotonic() + 5

    def act(turn: int) -> None:
        while time.monotonic() < end:
            for number, data in enumerate(pictures):
                with_it = ids[number]
                try:
                    if turn == 0:
                        store.delete(with_it)
                    elif turn == 1:
                        store.restore(with_it)
                    elif turn == 2:
                        ids[number] = accept(store, data)
                    elif turn == 3 and seen["purged"] < 20:
                        store.purge(with_it)
                        seen["purged"] += 1
                    seen[str(turn)] += 1
                except (ImageNotFound, NotRestorable):
                    continue

    threads = [threading.Thread(target=act, args=(turn % 4,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(seen[str(turn)] for turn in range(4))
    last = [accept(store, data) for data in pictures]
    recover(store)
    assert sorted(record.id for record in store.page().records) == sorted(last)
    assert store.trashed_ids() == []
    assert examine(store) == []
