"""How often each step asks the server of a network file system, on the first of the mounts of `tests/mounts`, and a job
of an upload that came in by another mount."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.store import Store
from tests.mounts import MOUNTS, accept, make, picture, stores, within_a_minute
from web.index import Index, Query
from web.index.building import build
from web.index.database import Database
from web.index.events import EventLog
from web.index.refresh import Refresher
from web.index.rows import Codec

pytestmark = pytest.mark.skipif(not MOUNTS, reason="GALLERY_TEST_MOUNTS names no mount")

# What may be asked of the server, with warm caches. Before: upload 49, duplicate 42, job 38, delete 27.
BUDGET = {"upload": 21, "duplicate": 24, "job": 19, "read": 4, "delete": 10, "job elsewhere": 28, "page": 10}


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


def indexed(store: Store, cache: Path) -> Index:
    """A whole index of a volume, which nobody keeps up to date."""
    refresher = Refresher(Database(cache, store.volume.id), Codec(store.volume.id), store.volume)
    refresher.database.folder.mkdir(parents=True)
    refresher.database.create()
    build(refresher, EventLog(), lambda: None)
    return Index(cache, store.volume)


def show(store: Store, index: Index) -> None:
    """What the page of the gallery asks for: sixty images, and how many wait or failed."""
    index.page(Query(), 60)
    store.waiting()
    store.failed()


def test_what_each_step_asks_of_the_server(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    if not calls(MOUNTS[0]):
        pytest.skip("/proc/self/mountstats tells nothing of the first mount")
    store, *others = stores(f"calls-{secrets.token_hex(4)}")
    within_a_minute()
    kept = picture()
    accept(store, kept)  # the folder of the minute stays
    index = indexed(store, tmp_path)
    asked: dict[str, list[int]] = {name: [] for name in BUDGET}

    def count(name: str, step: Callable[[], object], mount: str = MOUNTS[0]) -> None:
        before = calls(mount)
        step()
        spent = calls(mount) - before
        asked[name].append(spent.total())
        with capsys.disabled():
            print(f"{name:13} {spent.total():3} {dict(spent)}")

    for _ in range(3):
        data = with_hash_like(kept)  # of 256 folders of claims, and as many locks, each is made once
        ids: list[str] = []
        count("upload", lambda data=data, ids=ids: ids.append(accept(store, data)))  # type: ignore[misc]
        count("duplicate", lambda data=data: accept(store, data))  # type: ignore[misc]
        count("job", lambda ids=ids: make(store, ids[0]))  # type: ignore[misc]
        count("read", lambda ids=ids: store.get(ids[0]))  # type: ignore[misc]
        count("page", lambda: show(store, index))
        count("delete", lambda ids=ids: store.delete(ids[0]))  # type: ignore[misc]
        if others:
            image_id = accept(store, with_hash_like(kept))
            count("job elsewhere", lambda image_id=image_id: make(others[0], image_id), MOUNTS[1])  # type: ignore[misc]
        time.sleep(1.5)
    assert {name: min(found) for name, found in asked.items() if found and min(found) > BUDGET[name]} == {}
