"""Several machines on one volume, each through a mount with caches of its own.

Needs `GALLERY_TEST_MOUNTS`: the folders, with colons between, at which one network file system is mounted several
times, each time as another client. `GALLERY_TEST_TURNS` says how often each sequence is played (3).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress

import pytest

from pipeline.errors import GalleryError, ImageNotFound, Unrenderable
from pipeline.ids import made_at
from pipeline.records import State
from pipeline.store import NothingToDo, Store
from pipeline.store.cleanup import cleanup
from tests.mounts import MOUNTS, TURNS, accept, check, make, picture, stores, within_a_minute
from tests.mounts.chaos import play
from tests.stopped import run

pytestmark = pytest.mark.skipif(len(MOUNTS) < 4, reason="GALLERY_TEST_MOUNTS does not name four mounts of one volume")


@pytest.fixture
def machines() -> list[Store]:
    return stores(f"sequences-{secrets.token_hex(4)}")


@pytest.mark.parametrize("turn", range(TURNS))
def test_an_image_in_a_minute_that_was_emptied_is_found_everywhere(machines: list[Store], turn: int) -> None:
    a, b, _, d = machines
    within_a_minute()
    first = accept(a, picture())
    with suppress(ImageNotFound), b.attempt(first, worker="b") as attempt:
        attempt.put("grid", b"grid", 1, 1)
        a.delete(first)
        attempt.put("view", b"view", 1, 1)
        attempt.finish()
    for store in machines:
        with pytest.raises(ImageNotFound):
            store.get(first)
    data = picture()
    second = accept(d, data)
    assert made_at(first).minute == made_at(second).minute
    assert a.get(second).state is State.PENDING
    assert [cleanup(store.volume).markers for store in machines] == [0, 0, 0, 0]
    make(b, second)
    assert a.get(second).state is State.READY
    assert accept(a, data) == second
    check(machines)


@pytest.mark.parametrize("turn", range(TURNS))
@pytest.mark.parametrize("more", [1, 2])
@pytest.mark.parametrize("days", ["0", "30"])
def test_bytes_of_an_image_that_is_half_deleted_are_taken(days: str, more: int, turn: int) -> None:
    machines = stores(f"sequences-{secrets.token_hex(4)}", GALLERY_TRASH_DAYS=days)
    a, b, _, d = machines
    data = picture()
    first = accept(a, data)
    make(b, first)
    assert d.get(first).state is State.READY
    with run(a, "delete", first, GALLERY_TRASH_DAYS=days) as process:
        process.stop_at(lambda change: change.name == "rename")
        for _ in range(more):
            process.next_change()
    assert d.find_by_hash(hashlib.sha256(data).hexdigest()) is None
    second = accept(d, data)
    assert (second == first) is (days != "0"), "an image in the trash is restored, and no other one"
    cleanup(b.volume)
    if second != first:
        make(b, second)
    for store in machines:
        assert store.get(second).state is State.READY
    assert d.original(d.get(second)).read_bytes() == data
    check(machines)


@pytest.mark.parametrize("turn", range(TURNS))
def test_an_image_is_deleted_on_one_machine_and_restored_on_another(machines: list[Store], turn: int) -> None:
    a, b, c, d = machines
    data = picture()
    image_id = accept(a, data)
    for uploaded in (False, True):
        assert b.get(image_id).state is State.PENDING
        b.delete(image_id)
        for store in machines:
            with pytest.raises(ImageNotFound):
                store.get(image_id)
            assert store.trashed(image_id).record.id == image_id
            assert store.pending() == []
        assert (accept(d, data) if uploaded else c.restore(image_id).id) == image_id
        for store in machines:
            assert store.pending() == [image_id]
            assert store.trashed_ids() == []
            assert cleanup(store.volume).markers == 0
    make(b, image_id)
    assert [store.get(image_id).state for store in machines] == [State.READY] * 4
    check(machines)


@pytest.mark.parametrize("turn", range(TURNS))
def test_no_sweep_takes_the_marker_of_an_image_that_it_failed_to_see(machines: list[Store], turn: int) -> None:
    a, b, c, _ = machines
    with run(a, "accept", picture()) as upload:
        upload.stop_at(lambda change: change.renames_into("images"))
        (image_id,) = a.pending()
        for store in (b, c):
            with pytest.raises(ImageNotFound):
                store.get(image_id)
        assert upload.finish() == image_id
    for store in machines:
        assert cleanup(store.volume).markers == 0
        assert store.get(image_id).state is State.PENDING
    assert c.pending() == [image_id]
    make(c, image_id)
    check(machines)


@pytest.mark.parametrize("turn", range(TURNS))
def test_a_retry_elsewhere_keeps_its_marker(machines: list[Store], turn: int) -> None:
    a, b, c, _ = machines
    image_id = accept(a, picture())
    with b.attempt(image_id, worker="b") as attempt:
        assert c.get(image_id).attempts == 1
        with pytest.raises(NothingToDo), c.attempt(image_id, worker="c"):
            pass
        attempt.fail(Unrenderable())
    assert c.get(image_id).state is State.FAILED
    a.retry(image_id)
    assert b.get(image_id).state is State.PENDING
    make(c, image_id)
    assert b.get(image_id).state is State.READY
    check(machines)


def test_refused_and_known_uploads_leave_nothing_in_incoming(machines: list[Store]) -> None:
    a, b, *_ = machines
    data = picture()
    accept(a, data)
    accept(b, data)
    with pytest.raises(GalleryError):
        accept(a, b"\x89PNG\r\n\x1a\nbroken")
    assert os.listdir(b.layout.incoming) == []


def test_chaos_on_four_mounts(capsys: pytest.CaptureFixture[str]) -> None:
    play(seconds=20, seed=secrets.randbelow(1000))
