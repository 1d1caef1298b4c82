"""Every way to damage a volume is named; a repair does what it says, once, and never makes anything worse."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.doctor import examination_of, examine
from pipeline.errors import Unrenderable, VolumeUnavailable
from pipeline.ids import least_at
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.checks.examine import Examination, repair
from pipeline.store.checks.violation import Violation
from pipeline.store.cleanup import cleanup
from pipeline.store.deletion import drop_empty
from pipeline.volume.layout import RECORD
from tests.damage import DAMAGES, Said, Volume
from tests.pictures import picture
from tests.product import mounted
from tests.stores import accept, make

_KIND = b"a kind of "
_MINUTES = [0, 0, 1, 1440, 1441, 2880, 2880, 4320]


def open_store(root: Path) -> Store:
    store = Store(Settings.from_environment({"GALLERY_DATA": str(root)}))
    store.prepare()
    return store


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """Six ready images, one that waits, one that failed, on four days."""
    store = open_store(tmp_path_factory.mktemp("template") / "data")
    ids = [accept(store, picture()) for _ in _MINUTES]
    for image_id in ids[:6]:
        make(store, image_id)
    with store.attempt(ids[7], worker="test") as attempt:
        attempt.fail(Unrenderable())
    begin = datetime(2026, 3, 1, 12, 30, 20, tzinfo=UTC)
    moments = [begin + timedelta(minutes=m, milliseconds=n) for n, m in enumerate(_MINUTES)]
    placed = [rename(store, image_id, moment) for image_id, moment in zip(ids, moments, strict=True)]
    assert placed == sorted(placed)
    return Volume(store, placed[:6], placed[6], placed[7])


def rename(store: Store, image_id: str, moment: datetime) -> str:
    """As if the image had been accepted at that moment."""
    layout, new = store.layout, least_at(moment) + image_id[13:]
    raw = json.loads(layout.record(image_id).read_bytes())
    layout.bucket(new).mkdir(parents=True, exist_ok=True)
    layout.image(image_id).rename(layout.image(new))
    layout.record(new).write_text(json.dumps(raw | {"id": new}))
    for old, place in (
        (layout.marker(image_id), layout.marker(new)),
        (layout.failure(image_id), layout.failure(new)),
    ):
        if old.exists():
            old.rename(place)
    layout.claim(raw["sha256"]).unlink()
    layout.claim(raw["sha256"]).symlink_to(new)
    drop_empty(store.volume, image_id)
    return new


@pytest.fixture
def volume(template: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Volume:
    monkeypatch.setattr("pipeline.store.checks.examine.SECOND_LOOK_SECONDS", 0.01)
    return Volume(copied(template, tmp_path), template.ready, template.waiting, template.failed)


def copied(template: Volume, folder: Path) -> Store:
    shutil.copytree(template.layout.root, folder / "data", symlinks=True, dirs_exist_ok=True)
    return open_store(folder / "data")


def contents(root: Path) -> dict[str, bytes]:
    """All that is on a volume: bytes of files, and of what is no file its kind."""
    found = {}
    for path in sorted(root.rglob("*")):
        kind = path.lstat().st_mode
        place = str(path.relative_to(root))
        if stat.S_ISREG(kind):
            found[place] = path.read_bytes()
        else:
            target = os.fsencode(path.readlink()) if stat.S_ISLNK(kind) else b""
            found[place] = _KIND + oct(stat.S_IFMT(kind)).encode() + target
    return found


def pairs(said: Mapping[str, str | tuple[str, ...]]) -> list[tuple[str, str]]:
    return sorted((w, code) for w, codes in said.items() for code in ([codes] if isinstance(codes, str) else codes))


def named(found: list[Violation]) -> list[tuple[str, str]]:
    return sorted((violation.where, violation.code) for violation in found)


def names_in(place: str) -> set[str]:
    """The ids and hashes in a path."""
    return {part for part in place.replace(".", "/").split("/") if len(part) >= 36}


def is_kept(place: str) -> bool:
    """Whether nothing may vanish from here: an image's own files but for its record, and what is none of ours."""
    top, name = place.split("/")[0], place.split("/")[-1]
    return (
        top not in ("pending", "failed", "hashes", "incoming", "locks") and name != RECORD and not name.endswith(".tmp")
    )


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


def nothing_is_worse(before: dict[str, bytes], after: dict[str, bytes], said: Said) -> None:
    """No bytes are gone but those of records, markers and leftovers, and nothing has changed but what was named."""
    copies = tuple(f"{where}/" for where, codes in said.found.items() if codes == "trash-copy")
    kept = Counter(
        data
        for place, data in before.items()
        if is_kept(place) and not data.startswith(_KIND) and not place.startswith(copies)
    )
    assert not kept - Counter(after.values()), "bytes are gone"
    assert {data for place, data in before.items() if place.startswith(copies)} <= {*after.values()}
    changed = {place for place in before.keys() & after.keys() if before[place] != after[place]}
    gone = {place for place in before.keys() - after.keys() if is_kept(place) and not before[place].startswith(_KIND)}
    named = {name for where in said.found for name in names_in(where)}
    for place in changed | gone:
        assert named & names_in(place), f"{place} was not named"
    if said.found == said.left:
        new = {place for place in after.keys() - before.keys() if not place.startswith("locks/")}
        assert not (new | changed | gone), "nothing could be repaired, and something was changed"


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
            with pytest.raises(VolumeUnavailable):
                ask(image_id)
    with pytest.raises(VolumeUnavailable):
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


def test_what_cannot_be_read_is_named_and_the_rest_is_checked(template: Volume) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        volume = Volume(copied(template, Path(folder)), template.ready, template.waiting, template.failed)
        for path in volume.layout.root.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o777)
        examination = Examination(volume.store.volume)
        volume.layout.image(volume.ready[0]).chmod(0)
        volume.original(volume.ready[3]).chmod(0)
        volume.layout.bucket(volume.ready[5]).chmod(0)
        volume.layout.rendition(volume.ready[1], "grid").unlink()
        with as_nobody():
            found = examination.all()
        assert named(found) == sorted(
            [
                (volume.place(volume.layout.image(volume.ready[0])), "unreadable"),
                (volume.place(volume.layout.bucket(volume.ready[5])), "unreadable"),
                (volume.ready[3], "original-unreadable"),
                (volume.ready[1], "rendition-broken"),
            ]
        )


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, if this is root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_volume_that_cannot_be_written_is_checked_and_nothing_is_tried_twice(
    template: Volume, tmp_path: Path
) -> None:
    with mounted(tmp_path / "data", "size=64m") as mounts:
        if not mounts:
            pytest.skip("mounting is not permitted")
        volume = Volume(copied(template, tmp_path), template.ready, template.waiting, template.failed)
        volume.layout.marker(volume.waiting).unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "data")], check=True)
        examination, excuses = examination_of(volume.store), list[str]()
        done = repair(examination, examination.all(), excuses.append)
        assert named(done.found) == named(done.left) == [(volume.waiting, "pending-unmarked")]
        assert len(excuses) == 1
