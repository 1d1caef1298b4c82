"""A process killed before each system call by which it changes the volume; then the sweep, a worker and the doctor."""

from __future__ import annotations

import hashlib

import pytest

from pipeline.errors import Unrenderable
from pipeline.ids import new_id
from pipeline.images.recipe import FACTS_VERSION
from pipeline.images.view_format import ViewFormat
from pipeline.records import State
from pipeline.store import NothingToDo, Store
from pipeline.store.cleanup import cleanup
from pipeline.store.day_file import Condition, entries, examine
from pipeline.store.regeneration import Which, is_wanted
from pipeline.volume.files import stage
from pipeline.volume.layout import RECORD
from tests.stopped import crashes, run
from tests.stopped.afterwards import every_rule_holds, small
from tests.stopped.operations import describe, regenerate, sweep, write_days
from tests.stores import accept, failed, make, ready, recover, work_off


def test_killed_while_accepting(store: Store) -> None:
    data = small()
    for crashed, _ in crashes(store, "accept", data):
        there = [record.id for record in crashed.page().records]
        again = accept(crashed, data)
        assert there in ([], [again])
        recover(crashed)
        assert [record.id for record in crashed.page().records] == [again]
        every_rule_holds(crashed)


def test_killed_while_accepting_and_nobody_sends_it_again(store: Store) -> None:
    for crashed, _ in crashes(store, "accept", small()):
        work_off(crashed)
        every_rule_holds(crashed, "claim-orphan")
        recover(crashed)


def test_killed_while_accepting_the_bytes_of_an_image_that_lost_them(store: Store) -> None:
    data = small()
    image_id = ready(store, data)
    store.original(store.get(image_id)).write_bytes(b"damaged")
    for crashed, _ in crashes(store, "accept", data):
        assert accept(crashed, data) == image_id
        work_off(crashed)
        assert crashed.original(crashed.get(image_id)).read_bytes() == data
        every_rule_holds(crashed, "half-written")
        recover(crashed)


def test_killed_while_rendering(store: Store) -> None:
    image_id = accept(store, small())
    for crashed, changes in crashes(store, "render", image_id):
        recover(crashed)
        ends = len(changes) == 1 or changes[-1].name.startswith("unlink")  # not begun yet, or all is done
        assert crashed.get(image_id).attempts == (1 if ends else 2)
        every_rule_holds(crashed)


def test_killed_while_making_the_grid_alone(store: Store) -> None:
    image_id = accept(store, small())
    for crashed, changes in crashes(store, "render_grid", image_id):
        seen = changes[-1].name == "fchmod"  # the last change, of a hint
        assert list(crashed.get(image_id).renditions) == (["grid"] if seen else [])
        recover(crashed)
        assert crashed.get(image_id).attempts == (1 if seen or len(changes) == 1 else 2)
        every_rule_holds(crashed)


def test_killed_while_making_the_view_after_its_grid(store: Store) -> None:
    image_id = accept(store, small())
    make(store, image_id, grid_only=True)
    before = store.get(image_id)
    grid = store.layout.rendition(image_id, "grid").read_bytes()
    for crashed, changes in crashes(store, "render", image_id):
        assert crashed.get(image_id).renditions["grid"] == before.renditions["grid"]
        assert crashed.layout.rendition(image_id, "grid").read_bytes() == grid
        recover(crashed)
        after = crashed.get(image_id)
        ends = len(changes) == 1 or changes[-1].name.startswith("unlink")
        assert after.attempts == (1 if ends else 2)
        assert after.renditions["grid"] == before.renditions["grid"]
        if len(changes) > 1:
            assert after.started_at == before.started_at
        assert crashed.layout.rendition(image_id, "grid").read_bytes() == grid
        every_rule_holds(crashed)


def test_killed_while_failing(store: Store) -> None:
    image_id = accept(store, small())
    for crashed, _ in crashes(store, "fail", image_id):
        cleanup(crashed.volume)
        if crashed.get(image_id).state is State.FAILED:
            assert crashed.failed() == [image_id]
            crashed.retry(image_id)
        recover(crashed)
        assert crashed.failed() == []
        every_rule_holds(crashed)


@pytest.mark.parametrize("again", [False, True], ids=["once", "again"])
@pytest.mark.parametrize("has_grid", [False, True], ids=["without-grid", "with-grid"])
def test_killed_while_retrying(store: Store, has_grid: bool, again: bool) -> None:
    image_id = accept(store, small())
    if has_grid:
        make(store, image_id, grid_only=True)
    grid = store.get(image_id).renditions
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    for crashed, changes in crashes(store, "retry", image_id):
        assert crashed.get(image_id).renditions == grid
        cleanup(crashed.volume)
        if crashed.get(image_id).state is State.FAILED and (again or len(changes) == 1):
            crashed.retry(image_id)
        recover(crashed)
        cleanup(crashed.volume)  # of a mark of the failure that was there before
        assert crashed.get(image_id).state is State.READY
        assert crashed.failed() == []
        every_rule_holds(crashed)


def test_killed_while_making_the_renditions_of_a_ready_image_anew(store: Store) -> None:
    image_id = ready(store, small())
    for crashed, _ in crashes(store, "regenerate", image_id):
        assert crashed.get(image_id).state is State.READY
        regenerate(crashed, image_id)
        assert sorted(path.name for path in crashed.layout.image(image_id).iterdir()) == [
            "grid.webp",
            "image.json",
            "original.png",
            "view.webp",
        ]
        assert crashed.layout.rendition(image_id, "view").read_bytes() == b"new view"


def test_killed_while_writing_what_the_camera_knew_of_a_ready_image(store: Store) -> None:
    image_id = accept(store, small())
    assert not is_wanted(store, image_id, Which.FACTS, ViewFormat.AUTO)
    make(store, image_id)
    before = store.get(image_id)
    for crashed, _ in crashes(store, "describe", image_id):
        if crashed.get(image_id) == before:
            assert is_wanted(crashed, image_id, Which.FACTS, ViewFormat.AUTO)
            describe(crashed, image_id)
        found = crashed.get(image_id)
        assert found == before.with_(camera="a camera", notes=("a note",), facts_version=FACTS_VERSION)
        assert not is_wanted(crashed, image_id, Which.FACTS, ViewFormat.AUTO)
        every_rule_holds(crashed)


def test_killed_while_writing_the_records_of_a_day_into_one_file(store: Store) -> None:
    image_id = ready(store, small())
    day = store.layout.bucket(image_id).parent.name
    for crashed, _ in crashes(store, "write_days"):
        assert [entry.id for entry in entries(crashed.volume, day)] in ([], [image_id])
        if crashed.layout.day_file(day).exists():
            assert examine(crashed.volume, crashed.layout.day_file(day)) is Condition.WHOLE
        write_days(crashed)
        assert [path.name for path in crashed.layout.days.iterdir()] == [day]
        assert [entry.id for entry in entries(crashed.volume, day)] == [image_id]


def test_a_sweep_that_is_killed_is_finished_by_the_next(store: Store) -> None:
    kept = ready(store, small())
    with run(store, "accept", small()) as process:
        process.stop_at(lambda change: change.renames_into("images"))
    image_id = accept(store, small())
    with run(store, "delete", image_id) as process:
        process.stop_at(lambda change: change.name.startswith("unlink"))
    for marker in (store.layout.marker(new_id()), store.layout.failure(new_id()), store.layout.failure(kept)):
        marker.touch()
    digest = hashlib.sha256(store.original(store.get(kept)).read_bytes()).hexdigest()
    store.layout.claim(digest).unlink()
    store.layout.former_claims(digest).mkdir()
    (store.layout.former_claims(digest) / f"{digest}.{kept}").touch()
    for crashed, _ in crashes(store, "sweep"):
        sweep(crashed)
        recover(crashed)
        found = crashed.find_by_hash(digest)
        assert found is not None
        assert found.id == kept
        assert [record.id for record in crashed.page().records] == [kept]


def test_half_a_record_of_a_killed_retry_of_a_ready_image_is_removed(store: Store) -> None:
    image_id = ready(store, small())
    store.layout.marker(image_id).touch()
    stage(store.layout.record(image_id), b"{")
    recover(store)
    every_rule_holds(store)


def test_an_image_stays_among_the_failed_when_its_retry_and_then_its_worker_are_killed(store: Store) -> None:
    image_id = failed(store, small())
    with run(store, "retry", image_id) as retry:
        retry.stop_at(lambda change: RECORD in change.files[0])
    with run(store, "render", image_id) as worker:
        worker.stop_at(lambda change: change.files[0].endswith(".tmp"))
    with pytest.raises(NothingToDo):
        make(store, image_id)
    assert (store.failed(), store.pending()) == ([image_id], [])
    every_rule_holds(store)
