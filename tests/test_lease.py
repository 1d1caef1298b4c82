"""Whose Redis it is: one volume holds it at a time, by a lease; and what a volume's id is."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis import Redis

from pipeline.errors import VolumeFull
from pipeline.ids import is_id
from pipeline.queue import lease as lease_module
from pipeline.queue.connection import HeldByAnother, QueueUnavailable, connect
from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.lease import KEY, LEASE_SECONDS, Lease
from pipeline.volume.identity import volume_id
from pipeline.volume.volume import Volume
from tests.conftest import Gallery


@pytest.fixture
def redis(bare: Gallery) -> Iterator[Redis]:
    bare.start_redis()
    with connect(bare.environ["REDIS_URL"], timeout=5) as connection:
        yield connection


def holding(redis: Redis, name: str) -> Lease:
    lease = Lease(redis, lambda: name)
    lease.renew()
    return lease


def test_the_first_volume_holds_redis_and_another_leaves_it_alone(redis: Redis) -> None:
    ours, others = holding(redis, "ours"), holding(redis, "others")
    assert (ours.held, ours.held_by_another) == (True, False)
    assert (others.held, others.held_by_another) == (False, True)
    assert redis.get(KEY) == b"ours"
    assert 0 < redis.ttl(KEY) <= LEASE_SECONDS
    with pytest.raises(HeldByAnother, match="REDIS_URL that ends in /1"):
        others.require()
    with pytest.raises(HeldByAnother):
        ImageQueues(redis, 60, others).enqueue("an image")
    assert redis.keys("rq:*") == []
    assert holding(redis, "ours").held  # another process of the same volume


def test_a_lease_that_lapsed_is_taken_over_after_patience(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "_PATIENCE_SECONDS", 0.5)
    _, others = holding(redis, "ours"), holding(redis, "others")
    redis.delete(KEY)
    others.renew()
    assert not others.held
    time.sleep(0.6)
    others.renew()
    assert (others.held, redis.get(KEY)) == (True, b"others")


def test_after_a_flush_the_holder_has_it_again_first(redis: Redis) -> None:
    ours, others = holding(redis, "ours"), holding(redis, "others")
    redis.flushall()
    others.renew()
    assert not others.held
    ours.renew()
    others.renew()
    assert (ours.held, others.held, redis.get(KEY)) == (True, False, b"ours")


def test_who_lost_the_lease_learns_of_it(redis: Redis) -> None:
    ours = holding(redis, "ours")
    redis.set(KEY, "others", ex=LEASE_SECONDS)
    ours.renew()
    assert (ours.held, ours.held_by_another) == (False, True)


def test_a_lease_counts_no_longer_than_redis_keeps_it(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = holding(redis, "ours")
    assert ours.held
    later = time.monotonic() + LEASE_SECONDS - 4
    monkeypatch.setattr(lease_module, "time", SimpleNamespace(monotonic=lambda: later))
    assert not ours.held
    assert redis.exists(KEY)
    with pytest.raises(QueueUnavailable):
        ours.require()


@pytest.mark.parametrize("stray", ["a list", "bytes", "no time to live"])
def test_whatever_lies_in_its_place_keeps_nobody_out_for_ever(redis: Redis, stray: str) -> None:
    if stray == "a list":
        redis.rpush(KEY, "x")
        assert holding(redis, "ours").held
        return
    redis.set(KEY, b"\xff\xfe")
    assert holding(redis, "ours").held_by_another
    assert 0 < redis.ttl(KEY) <= LEASE_SECONDS


def test_of_many_at_once_one_volume_wins(bare: Gallery, redis: Redis) -> None:
    leases = [Lease(connect(bare.environ["REDIS_URL"], timeout=5), lambda n=n: f"volume {n}") for n in range(8)]  # type: ignore[misc]
    threads = [threading.Thread(target=lease.renew) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [lease.held for lease in leases].count(True) == 1
    assert [lease.held_by_another for lease in leases].count(True) == 7


def test_a_volume_without_an_id_keeps_redis_away_until_it_has_one(redis: Redis) -> None:
    full = [True]

    def read() -> str:
        if full:
            raise VolumeFull
        return "ours"

    lease = Lease(redis, read)
    lease.renew()
    with pytest.raises(QueueUnavailable, match="no room"):
        lease.require()
    full.clear()
    lease.renew()
    assert lease.held


def _tell_id(path: Path, told: Any) -> None:
    told.put(volume_id(path))


def test_all_processes_get_the_same_id_of_a_new_volume(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    processes = [context.Process(target=_tell_id, args=(tmp_path / "volume.json", told)) for _ in range(4)]
    for process in processes:
        process.start()
    ids = {told.get(timeout=60) for _ in processes}
    for process in processes:
        process.join(30)
    assert len(ids) == 1
    assert is_id(ids.pop())


@pytest.mark.parametrize("data", [b"", b"\0" * 60, b'{"id": "01', b'{"id": 5}', b'{"id": "../x"}', b"[" * 9000])
def test_a_damaged_id_is_made_anew_once(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "volume.json"
    path.write_bytes(data)
    made = volume_id(path)
    assert is_id(made)
    assert volume_id(path) == Volume(tmp_path).id == made


def test_what_a_newer_release_adds_to_the_id_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "volume.json"
    made = volume_id(path)
    newer = f'{{"id": "{made}", "version": 9, "name": "Holidays"}}'
    path.write_text(newer)
    assert volume_id(path) == made
    assert path.read_text() == newer
