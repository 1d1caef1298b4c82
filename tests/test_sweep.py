"""The sweep: one worker at a time, at a cost that follows what waits."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from bench.make_volume import make as make_volume
from pipeline.queue.connection import connect
from pipeline.queue.image_queues import ImageQueues, JobState
from pipeline.queue.lease import Lease
from pipeline.settings import Settings
from pipeline.store import Store, failure_marks, outbox, outdated_failures
from pipeline.store.cleanup import cleanup
from pipeline.store.day_files import DayFiles
from pipeline.store.outdated_failures import OutdatedFailures
from pipeline.volume.locks import locked
from pipeline.volume.volume import Volume
from tests.conftest import Gallery, picture, until
from tests.stores import accept, failed, make, ready
from worker.sweep import Sweep


@pytest.fixture
def queue(bare: Gallery) -> ImageQueues:
    bare.start_redis()
    redis = connect(bare.environ["REDIS_URL"], timeout=5)
    lease = Lease(redis, lambda: Volume(bare.data).id)
    lease.renew()
    return ImageQueues(redis, 60, lease)


@pytest.fixture
def store(bare: Gallery) -> Store:
    store = Store(Settings.from_environment(bare.environ))
    store.prepare()
    return store


@contextmanager
def touching() -> Iterator[list[str]]:
    """The paths of files and folders that are opened meanwhile."""
    touched: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event in ("open", "os.listdir", "os.scandir") and arguments:
            touched.append(str(arguments[0]))

    sys.addaudithook(watch)
    yield touched
    watching = False


def test_it_enqueues_what_has_no_job_and_leaves_what_has_one(store: Store, queue: ImageQueues) -> None:
    ids = [accept(store, picture()) for _ in range(3)]
    queue.enqueue(ids[0])
    sweep = Sweep(store, queue, 30)
    assert sweep.sweep() == 2
    assert sweep.sweep() == 0
    assert sorted(queue.rq.job_ids) == sorted(ids)
    queue.connection.flushall()
    assert sweep.sweep() == 3


def test_an_image_that_has_just_ended_gets_no_other_job(
    store: Store, queue: ImageQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_id, states = accept(store, picture()), queue.job_states

    def made_meanwhile(image_ids: list[str]) -> dict[str, JobState]:
        make(store, image_id)
        return states(image_ids)

    monkeypatch.setattr(queue, "job_states", made_meanwhile)
    assert Sweep(store, queue, 30).sweep() == 0
    assert queue.rq.job_ids == []


def test_it_touches_no_image_but_those_that_wait(store: Store, queue: ImageQueues) -> None:
    ready = [accept(store, picture()) for _ in range(20)]
    for image_id in ready:
        make(store, image_id)
    waiting = accept(store, picture())
    with touching() as touched:
        Sweep(store, queue, 30).sweep()
    images = str(store.layout.images)
    assert str(store.layout.pending) in touched
    assert all(waiting in path for path in touched if path.startswith(images))


def test_records_of_days_are_written_into_one_file_each_behind_what_waits(
    store: Store, queue: ImageQueues, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_day_files", DayFiles(store.volume, 0, 0.05))
    make_volume(store.layout.root, images=6, days=3, burst=2)
    waiting = accept(store, picture())
    sweep = Sweep(store, queue, 0.1)
    thread = sweep.start()
    until(lambda: waiting in queue.rq.job_ids, 60)
    assert os.listdir(store.layout.days) == []
    store.delete(waiting)
    until(lambda: len(os.listdir(store.layout.days)) == 3, 60)
    sweep.stop()
    thread.join(10)


def test_only_one_worker_sweeps(store: Store, queue: ImageQueues) -> None:
    accept(store, picture())
    sweep = Sweep(store, queue, 0.1)
    with locked(store.layout.sweep_lock, wait=0):
        thread = sweep.start()
        thread.join(1.5)
        assert queue.rq.job_ids == []
    until(lambda: queue.rq.job_ids, 60)
    sweep.stop()
    thread.join(10)


def test_a_lost_queue_is_made_anew_by_running_workers(gallery: Gallery) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    ids = [gallery.upload(picture()).json["id"] for _ in range(5)]
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        redis.flushall()
    gallery.start("worker.1", "worker")
    for image_id in ids:
        assert gallery.until_ended(image_id, 90)["state"] == "ready"


def test_workers_are_known_again_to_a_redis_that_lost_everything(gallery: Gallery) -> None:
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        emptied = redis.pipeline()  # in one step: they may be back in a moment
        emptied.flushall()
        emptied.scard("rq:workers")
        assert emptied.execute()[1] == 0
        until(lambda: gallery.queue()["workers"] == 2, 60)
        for key in redis.smembers("rq:workers"):
            known = redis.hgetall(key)
            assert {b"birth", b"hostname", b"queues", b"state"} <= set(known)
            assert known[b"state"] == b"idle"
            assert redis.ttl(key) > 0


def test_it_reads_few_records_of_failed_images_and_all_of_them_in_turn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outdated_failures, "_NEW", 4)
    monkeypatch.setattr(outdated_failures, "_AGAIN", 1)
    ids = [failed(store, picture()) for _ in range(9)]
    marks = OutdatedFailures(store.volume)

    def read() -> list[str]:
        with touching() as touched:
            assert cleanup(store.volume, marks).failures == 0
        images = f"{store.layout.images}{os.sep}"
        return [Path(path).parent.name for path in touched if path.startswith(images) and path.endswith("image.json")]

    assert [len(read()) for _ in range(4)] == [4, 5, 2, 1]
    assert Counter(image_id for _ in ids for image_id in read()) == Counter(ids)


def test_outdated_marks_of_failures_go_whatever_was_checked_before(store: Store) -> None:
    trashed, retried, repaired, damaged = (failed(store, picture()) for _ in range(4))
    os.truncate(store.layout.record(damaged), 0)
    marks = OutdatedFailures(store.volume)
    assert cleanup(store.volume, marks).failures == 0
    store.delete(trashed)
    store.retry(retried)
    store.retry(repaired)
    make(store, repaired)
    for image_id in (trashed, retried, repaired):
        failure_marks.note_failure(store.volume, image_id)
    assert marks.due(store.pending())[:2] == [retried, trashed]
    assert cleanup(store.volume, marks).failures == 3
    assert store.failed() == [damaged]


def test_markers_without_images_are_found_among_many_of_one_minute(store: Store) -> None:
    kept = [accept(store, picture()) for _ in range(18)]
    lost = kept.pop(7)
    made = ready(store, picture())
    outbox.make_marker(store.volume, made)
    shutil.rmtree(store.layout.image(lost))
    assert cleanup(store.volume).markers == 1
    assert store.pending() == [*kept, made]
