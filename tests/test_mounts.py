"""Several machines on one volume, each through a mount with caches of its own.

Needs `GALLERY_TEST_MOUNTS`: the folders, with colons between, at which one network file system is mounted several
times, each time as another client. `GALLERY_TEST_TURNS` says how often each sequence is played (3).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from pipeline.errors import GalleryError, ImageNotFound, Unrenderable
from pipeline.ids import made_at
from pipeline.records import State
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store
from pipeline.store.cleanup import cleanup
from tests.mounts import MOUNTS, TURNS, accept, check, make, picture, play, stores

pytestmark = pytest.mark.skipif(len(MOUNTS) < 4, reason="GALLERY_TEST_MOUNTS does not name four mounts of one volume")


class Died(BaseException):
    """The process ends here."""


def die(*_: object) -> NoReturn:
    raise Died


def dying_at(store: Store, point: str) -> Store:
    def step(name: str) -> None:
        if name == point:
            die()

    return Store(Settings.from_environment({"GALLERY_DATA": str(store.layout.root)}), step)


@pytest.fixture
def machines() -> list[Store]:
    return stores(f"sequences-{secrets.token_hex(4)}")


def within_a_minute() -> None:
    """Wait for the next minute if this one is nearly over: the images are to share its folder."""
    if time.time() % 60 > 40:
        time.sleep(61 - time.time() % 60)


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
@pytest.mark.parametrize("point", ["delete:renamed", "delete:after-rename"])
def test_bytes_of_an_image_that_is_half_deleted_are_taken(machines: list[Store], point: str, turn: int) -> None:
    a, b, _, d = machines
    data = picture()
    first = accept(a, data)
    make(b, first)
    assert d.get(first).state is State.READY
    with suppress(Died):
        dying_at(a, point).delete(first)
    assert d.find_by_hash(hashlib.sha256(data).hexdigest()) is None
    second = accept(d, data)
    assert second != first
    cleanup(b.volume)
    make(b, second)
    for store in machines:
        assert store.get(second).state is State.READY
    assert d.original(d.get(second)).read_bytes() == data
    check(machines)


@pytest.mark.parametrize("turn", range(TURNS))
def test_no_sweep_takes_the_marker_of_an_image_that_it_failed_to_see(machines: list[Store], turn: int) -> None:
    a, b, c, _ = machines
    seen: list[str] = []

    def step(name: str) -> None:
        if name == "accept:before-rename":
            (image_id,) = a.pending()
            for store in (b, c):
                with pytest.raises(ImageNotFound):
                    store.get(image_id)
            seen.append(image_id)

    image_id = accept(Store(Settings.from_environment({"GALLERY_DATA": str(a.layout.root)}), step), picture())
    assert seen == [image_id]
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


# What may be asked of the server, with warm caches. Before: upload 49, duplicate 42, job 38, delete 27.
BUDGET = {"upload": 25, "duplicate": 25, "job": 27, "read": 4, "delete": 24}


def calls(mount: str) -> Counter[str]:
    """How often each operation was asked of the server of a mount of this process."""
    found: Counter[str] = Counter()
    ours = counting = False
    for line in Path("/proc/self/mountstats").read_text().splitlines():
        if line.startswith("device"):
            ours, counting = f" mounted on {mount} " in line, False
        elif ours and "per-op" in line:
            counting = True
        elif ours and counting and ":" in line:
            name, figures = line.strip().split(":", 1)
            found[name] = int(figures.split()[0])
    return found


def with_hash_like(other: bytes) -> bytes:
    """A picture whose claim and lock are beside those of another."""
    first = hashlib.sha256(other).digest()[0]
    return next(data for _ in iter(int, 1) if hashlib.sha256(data := picture()).digest()[0] == first)


def test_what_each_step_asks_of_the_server(machines: list[Store], capsys: pytest.CaptureFixture[str]) -> None:
    if not calls(MOUNTS[0]):
        pytest.skip("/proc/self/mountstats tells nothing of the first mount")
    store = machines[0]
    within_a_minute()
    kept = picture()
    accept(store, kept)  # the folder of the minute stays
    asked: dict[str, list[int]] = {name: [] for name in BUDGET}

    def count(name: str, step: Callable[[], object]) -> None:
        before = calls(MOUNTS[0])
        step()
        spent = calls(MOUNTS[0]) - before
        asked[name].append(spent.total())
        with capsys.disabled():
            print(f"{name:10} {spent.total():3} {dict(spent)}")

    for _ in range(3):
        data = with_hash_like(kept)  # of 256 folders of claims, and as many locks, each is made once
        ids: list[str] = []
        count("upload", lambda data=data, ids=ids: ids.append(accept(store, data)))  # type: ignore[misc]
        count("duplicate", lambda data=data: accept(store, data))  # type: ignore[misc]
        count("job", lambda ids=ids: make(store, ids[0]))  # type: ignore[misc]
        count("read", lambda ids=ids: store.get(ids[0]))  # type: ignore[misc]
        count("delete", lambda ids=ids: store.delete(ids[0]))  # type: ignore[misc]
        time.sleep(1.5)
    assert {name: min(found) for name, found in asked.items() if min(found) > BUDGET[name]} == {}
