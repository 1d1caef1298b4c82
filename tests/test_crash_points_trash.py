"""A process killed before each system call by which deleting, restoring and removing for good change the volume."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.errors import ImageNotFound, Unrenderable
from pipeline.records import State
from pipeline.store import Store
from pipeline.store.cleanup import cleanup
from tests.stopped import Call, crashes, run
from tests.stopped.afterwards import every_rule_holds, small
from tests.stores import accept, failed, make, ready, recover


def seen(store: Store, data: bytes) -> str:
    """A picture whose grid is made, and its view not yet."""
    image_id = accept(store, data)
    make(store, image_id, grid_only=True)
    return image_id


KINDS = pytest.mark.parametrize("kind", [ready, failed, accept, seen], ids=["ready", "failed", "pending", "seen"])
Kind = Callable[[Store, bytes], str]


def is_hidden(changes: list[Call]) -> bool:
    """Whether the image was moved away from its place, by a change that was made."""
    return any(change.name == "rename" and change.files[0].startswith("images/") for change in changes[:-1])


@KINDS
def test_killed_while_deleting(store: Store, kind: Kind) -> None:
    image_id = kind(store, small())
    record = store.get(image_id)
    for crashed, changes in crashes(store, "delete", image_id):
        cleanup(crashed.volume)
        if is_hidden(changes):
            assert crashed.trashed(image_id).record == record
            assert crashed.pending() == crashed.failed() == []
            crashed.restore(image_id)
        assert crashed.get(image_id) == record
        every_rule_holds(crashed, "half-written")  # a name for the marker


@KINDS
def test_killed_while_deleting_for_good(without_trash: Store, kind: Kind) -> None:
    store, data = without_trash, small()
    image_id = kind(store, data)
    record = store.get(image_id)
    for crashed, changes in crashes(store, "delete", image_id, GALLERY_TRASH_DAYS="0"):
        if is_hidden(changes):
            cleanup(crashed.volume)
            assert crashed.pending() == crashed.failed() == []
        else:
            assert crashed.get(image_id) == record
            crashed.delete(image_id)
        with pytest.raises(ImageNotFound):
            crashed.get(image_id)
        every_rule_holds(crashed)
        assert list(crashed.layout.root.rglob(f"*{image_id}*")) == []
        assert accept(crashed, data) != image_id


@KINDS
def test_killed_while_restoring(store: Store, kind: Kind) -> None:
    image_id = kind(store, small())
    record = store.get(image_id)
    store.delete(image_id)
    for crashed, _ in crashes(store, "restore", image_id):
        cleanup(crashed.volume)
        if crashed.trashed_ids():
            assert crashed.pending() == crashed.failed() == []
            crashed.restore(image_id)
        assert crashed.get(image_id) == record
        assert crashed.pending() == ([image_id] if record.state is State.PENDING else [])
        every_rule_holds(crashed, "half-written")


def test_killed_while_removing_for_good(store: Store) -> None:
    data = small()
    image_id = ready(store, data)
    store.delete(image_id)
    for crashed, changes in crashes(store, "purge", image_id):
        cleanup(crashed.volume)
        gone = any(change.name == "rename" for change in changes[:-1])
        assert crashed.trashed_ids() == ([] if gone else [image_id])
        if gone:
            assert list(crashed.layout.root.rglob(f"*{image_id}*")) == []
        every_rule_holds(crashed)
        assert (accept(crashed, data) == image_id) is not gone


def test_killed_while_the_same_bytes_restore_an_image(store: Store) -> None:
    data = small()
    image_id = ready(store, data)
    store.delete(image_id)
    for crashed, _ in crashes(store, "accept", data):
        assert accept(crashed, data) == image_id
        recover(crashed)
        assert [found.id for found in crashed.page().records] == [image_id]
        every_rule_holds(crashed)


def test_a_delete_that_is_killed_while_a_worker_has_the_image_leaves_nothing(store: Store) -> None:
    image_id = accept(store, small())
    with store.attempt(image_id, worker="test") as attempt:
        with run(store, "delete", image_id) as process:
            process.stop_at(lambda change: change.name == "rename")
        attempt.fail(Unrenderable())
    assert store.failed() == [image_id]
    every_rule_holds(store)
