"""Every way to damage a volume is named; a repair does what it says, once, and never makes anything worse."""

from __future__ import annotations

import shutil

import pytest

from cli.doctor import examination_of, examine
from pipeline.errors import ForeignRecord
from pipeline.store.checks.examine import repair
from pipeline.store.cleanup import cleanup
from tests.damage import DAMAGES, Volume
from tests.damage.comparing import contents, named, nothing_is_worse, pairs
from tests.damage.template import template as template
from tests.damage.template import volume as volume
from tests.stores import make


def test_a_whole_volume_has_no_violation(volume: Volume) -> None:
    assert examination_of(volume.store).all() == []


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named_and_repaired_or_left_as_it_is(volume: Volume, name: str) -> None:
    said = DAMAGES[name](volume)
    before = contents(volume.layout.root)
    examination = examination_of(volume.store)
    found = examination.all()
    assert named(found) == pairs(said.found)
    assert contents(volume.layout.root) == before, "looking changed something"

    excuses: list[str] = []
    done = repair(examination, found, excuses.append)
    assert named(done.left) == pairs(said.left), excuses
    assert named(examination_of(volume.store).all()) == pairs(said.left)
    nothing_is_worse(before, contents(volume.layout.root), said)


def test_a_record_written_anew_keeps_the_time_and_tells_of_a_damaged_original(volume: Volume) -> None:
    store, image_id = volume.store, volume.ready[0]
    true, uploaded = volume.record(image_id), volume.original(image_id).read_bytes()
    DAMAGES["a_record_and_its_original_damaged"](volume)
    for _ in range(2):
        repair(examination_of(store), examination_of(store).all())
        record = store.get(image_id)
        assert record.received_at == "2026-03-01T12:30:20.000Z"
        assert record.uploaded_sha256 == true["sha256"] != record.sha256
        assert store.find_by_hash(true["sha256"]) is None
        found = store.find_by_hash(record.sha256)
        assert found is not None
        assert found.id == image_id
    assert named(examine(store)) == [(image_id, "original-damaged")]

    volume.original(image_id).write_bytes(uploaded)  # from a backup
    assert repair(examination_of(store), examination_of(store).all()).left == []
    make(store, image_id)
    record = store.get(image_id)
    assert (record.sha256, record.uploaded_sha256) == (true["sha256"], None)
    assert store.find_by_hash(record.sha256) == record
    assert examine(store) == []


def test_no_image_is_shown_or_deleted_in_the_name_of_another(volume: Volume) -> None:
    DAMAGES["two_folders_exchanged"](volume)
    before = contents(volume.layout.root)
    for image_id in (volume.ready[0], volume.waiting):
        for ask in (volume.store.get, volume.store.delete, volume.store.retry, volume.store.render_anew):
            with pytest.raises(ForeignRecord):
                ask(image_id)
    with pytest.raises(ForeignRecord):
        make(volume.store, volume.waiting)
    assert contents(volume.layout.root) == before
    assert len(volume.store.page().records) == 6


def test_the_sweep_leaves_to_the_doctor_what_was_accepted(volume: Volume) -> None:
    layout = volume.layout
    layout.image(volume.ready[0]).rename(layout.incoming / volume.ready[0])
    layout.image(volume.ready[1]).rename(layout.moving(volume.ready[1]))
    shutil.copytree(layout.image(volume.waiting), layout.leaving(volume.waiting))
    shutil.copytree(layout.image(volume.failed), layout.incoming / f"{volume.failed}.deadbeef")
    cleanup(volume.store.volume)
    assert repair(examination_of(volume.store), examine(volume.store)).left != []
    shutil.rmtree(layout.incoming / f"{volume.failed}.deadbeef")
    assert examine(volume.store) == []
    assert len(volume.store.page().records) == 8
    assert volume.store.pending() == [volume.waiting]
    assert volume.store.failed() == [volume.failed]
