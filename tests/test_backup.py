"""`gallery backup` and `gallery restore`: every image, whole, through crashes and while people upload and delete."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from cli.doctor import examine
from pipeline.errors import ImageNotFound, Unrenderable
from pipeline.records import State
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.backup import snapshot
from pipeline.store.backup.folder import FolderBackup
from pipeline.store.backup.tape import TarBackup
from pipeline.store.backup.writing import write
from pipeline.store.cleanup import cleanup
from pipeline.volume.layout import RECORD
from tests.pictures import picture
from tests.stores import accept, make

ROOT = Path(__file__).resolve().parent.parent


def command(store: Store, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    environ = {**os.environ, "GALLERY_DATA": str(store.layout.root)}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words], cwd=ROOT, env=environ, capture_output=True, check=False, **options
    )


def opened(root: Path) -> Store:
    store = Store(Settings.from_environment({"GALLERY_DATA": str(root)}))
    store.prepare()
    return store


def counts(done: subprocess.CompletedProcess[bytes]) -> Counter[str]:
    lines = (done.stdout or done.stderr).splitlines()
    assert lines, done.stderr
    return Counter(json.loads(lines[-1])["sum"])


def contents(store: Store) -> dict[str, bytes]:
    """The bytes of all images, those in the trash too, by place."""
    root = store.layout.root
    return {
        str(path.relative_to(root)): path.read_bytes()
        for place in ("images", "trash")
        for path in (root / place).rglob("*")
        if path.is_file()
    }


def finish(store: Store) -> None:
    """What the sweep and the workers do; then every rule holds."""
    cleanup(store.volume)
    for image_id in store.pending():
        make(store, image_id)
    assert examine(store) == []


@pytest.fixture
def filled(store: Store) -> Store:
    """Two ready images, one that waits, one that failed, and one in the trash."""
    ids = [accept(store, picture(kind)) for kind in ("JPEG", "PNG", "GIF", "WEBP", "PNG")]
    for image_id in (ids[0], ids[1], ids[4]):
        make(store, image_id)
    with store.attempt(ids[3], worker="test") as attempt:
        attempt.fail(Unrenderable())
    store.delete(ids[4])
    return store


@pytest.mark.parametrize("kind", ["folder", "stream"])
def test_a_backup_restores_every_image_as_it_was(filled: Store, tmp_path: Path, kind: str) -> None:
    new = opened(tmp_path / "new")
    if kind == "folder":
        made = command(filled, "backup", str(tmp_path / "kept"), "--json")
        done = command(new, "restore", str(tmp_path / "kept"), "--json")
    else:
        made = command(filled, "backup", "-", "--json")
        done = command(new, "restore", "-", "--json", input=made.stdout)
        made.stdout = b""
    assert (made.returncode, counts(made)) == (0, {"copied": 5}), made.stderr
    assert (done.returncode, counts(done)) == (0, {"restored": 5}), done.stderr
    assert contents(new) == contents(filled)
    assert (new.pending(), new.failed()) == (filled.pending(), filled.failed())
    assert examine(new) == []
    trashed = new.trashed_ids()[0]
    assert new.restore(trashed).state is State.READY
    finish(new)


def test_the_next_run_copies_what_has_changed_alone(filled: Store, tmp_path: Path) -> None:
    target = str(tmp_path / "kept")
    assert counts(command(filled, "backup", target, "--json")) == {"copied": 5}
    assert counts(command(filled, "backup", target, "--json")) == {"here already": 5}
    waiting, trashed = filled.pending()[0], filled.trashed_ids()[0]
    make(filled, waiting)
    filled.restore(trashed)
    accept(filled, picture())
    assert counts(command(filled, "backup", target, "--json")) == {"here already": 4, "updated": 1, "copied": 1}
    new = opened(tmp_path / "new")
    assert counts(command(new, "restore", target, "--json")) == {"restored": 6}
    assert contents(new) == contents(filled)
    assert examine(new) == []


def test_restoring_overwrites_nothing_and_doubles_nothing(filled: Store, tmp_path: Path) -> None:
    target = str(tmp_path / "kept")
    command(filled, "backup", target)
    before = contents(filled)
    assert counts(command(filled, "restore", target, "--json")) == {"here already": 5}
    assert contents(filled) == before
    other = opened(tmp_path / "other")
    record = next(record for record in filled.page().records if record.state is State.READY)
    standing = accept(other, filled.original(record).read_bytes())
    assert counts(command(other, "restore", target, "--json")) == {"here already": 1, "restored": 4}
    assert other.get(standing).sha256 == record.sha256
    assert examine(other) == []


def test_an_image_whose_renditions_are_not_whole_waits_for_new_ones(filled: Store, tmp_path: Path) -> None:
    image_id = next(record.id for record in filled.page().records if record.state is State.READY)
    filled.layout.rendition(image_id, "grid").write_bytes(b"something else")
    target = str(tmp_path / "kept")
    assert counts(command(filled, "backup", target, "--json")) == {"copied": 5}
    new = opened(tmp_path / "new")
    command(new, "restore", target)
    assert new.get(image_id).state is State.PENDING
    assert image_id in new.pending()
    finish(new)
    assert new.get(image_id).state is State.READY


def test_damage_is_named_and_never_replaces_a_whole_copy(filled: Store, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    record = filled.page().records[-1]
    path = filled.original(record)
    whole = path.read_bytes()
    damaged = whole[:-1] + bytes([whole[-1] ^ 1])
    path.write_bytes(damaged)
    assert counts(command(filled, "backup", str(tmp_path / "early"), "--json")) == {"copied": 4, "damaged": 1}
    path.write_bytes(whole)
    command(filled, "backup", str(target))
    path.write_bytes(damaged[:-1])
    done = command(filled, "backup", str(target), "--json")
    kept = target / path.relative_to(filled.layout.root)
    assert kept.read_bytes() == whole
    assert done.returncode == 0  # the copy that is there is the one that was uploaded

    new = opened(tmp_path / "new")
    done = command(new, "restore", str(tmp_path / "early"), "--json")
    assert (done.returncode, counts(done)) == (1, {"restored": 4, "damaged": 1})
    assert new.original(new.get(record.id)).read_bytes() == damaged
    assert [violation.code for violation in examine(new)] == ["original-damaged"]

    filled.layout.record(record.id).write_text("{")
    done = command(filled, "backup", "-", "--json")
    assert done.returncode == 1
    assert Counter(json.loads(done.stderr.splitlines()[-1])["sum"]) == {"copied": 4, "unreadable": 1}


def test_a_damaged_original_is_copied_again_until_it_is_whole(filled: Store, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    waiting = filled.pending()[0]
    path = filled.original(filled.get(waiting))
    kept = target / path.relative_to(filled.layout.root)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert counts(command(filled, "backup", str(target), "--json")) == {"copied": 4, "damaged": 1}
    raw = filled.layout.record(waiting).read_bytes() + b"\n"
    filled.layout.record(waiting).write_bytes(raw)
    for _ in range(2):
        done = command(filled, "backup", str(target), "--json")
        assert (done.returncode, counts(done)) == (1, {"here already": 4, "damaged": 1})
        assert {entry.name for entry in kept.parent.iterdir()} == {kept.name, RECORD, "damaged"}
        assert (kept.parent / RECORD).read_bytes() == raw
    new = opened(tmp_path / "new")
    assert counts(command(new, "restore", str(target), "--json")) == {"restored": 4, "damaged": 1}
    assert {entry.name for entry in new.layout.image(waiting).iterdir()} == {kept.name, RECORD}

    path.write_bytes(whole)
    assert counts(command(filled, "backup", str(target), "--json")) == {"here already": 4, "copied": 1}
    assert kept.read_bytes() == whole
    assert counts(command(filled, "backup", str(target), "--json")) == {"here already": 5}
    assert {entry.name for entry in kept.parent.iterdir()} == {kept.name, RECORD}


@pytest.mark.parametrize("what", ["original", "record", "grid"])
def test_what_cannot_be_read_is_named_and_all_others_are_copied(filled: Store, tmp_path: Path, what: str) -> None:
    record = next(record for record in filled.page().records if record.state is State.READY)
    layout = filled.layout
    path = {
        "original": filled.original(record),
        "record": layout.record(record.id),
        "grid": layout.rendition(record.id, "grid"),
    }[what]
    aside = path.rename(tmp_path / "aside")
    path.symlink_to(aside)
    expected = {"copied": 5} if what == "grid" else {"copied": 4, "unreadable": 1}
    target = tmp_path / "kept"
    for words in (str(target), "-"):
        done = command(filled, "backup", words, "--json")
        assert done.returncode == (0 if what == "grid" else 1), done.stderr
        assert Counter(json.loads((done.stdout if words != "-" else done.stderr).splitlines()[-1])["sum"]) == expected
    assert list((target / "incoming").iterdir()) == []
    path.unlink()
    aside.rename(path)
    rest = {"here already": 4, ("updated" if what == "grid" else "copied"): 1}
    assert counts(command(filled, "backup", str(target), "--json")) == rest


class Broken(io.BytesIO):
    """A file whose second read fails, as on a bad sector."""

    def read(self, size: int | None = -1, /) -> bytes:
        """The first piece alone."""
        if self.tell():
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)


def test_an_original_that_breaks_off_is_not_copied_to_a_folder_and_filled_in_a_stream(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = accept(filled, picture() + os.urandom(3_000_000))
    reader = snapshot.OriginalReader

    def opened_original(file: BinaryIO, name: str) -> snapshot.OriginalReader:
        is_broken = os.path.samestat(os.fstat(file.fileno()), filled.original(filled.get(broken)).stat())
        return reader(Broken(file.read()) if is_broken else file, name)

    monkeypatch.setattr(snapshot, "OriginalReader", opened_original)
    target = FolderBackup(tmp_path / "kept")
    target.begin(b"{}")
    done = list(write(filled.volume, target))
    assert Counter(outcome.verdict for outcome in done) == {"copied": 5, "unreadable": 1}
    assert [outcome.id for outcome in done if outcome.verdict == "unreadable"] == [broken]
    assert list(target.layout.incoming.iterdir()) == []

    stream = io.BytesIO()
    tape = TarBackup(stream)
    done = list(write(filled.volume, tape))
    tape.close()
    assert Counter(outcome.verdict for outcome in done) == {"copied": 5, "damaged": 1}
    new = opened(tmp_path / "new")
    restored = command(new, "restore", "-", "--json", input=stream.getvalue())
    assert counts(restored) == {"restored": 5, "damaged": 1}


def test_a_folder_is_for_one_gallery_and_for_one_backup_at_a_time(filled: Store, tmp_path: Path) -> None:
    target = str(tmp_path / "kept")
    command(filled, "backup", target)
    other = opened(tmp_path / "other")
    accept(other, picture())
    done = command(other, "backup", target)
    assert (done.returncode, b"another gallery" in done.stderr) == (2, True)
    done = command(filled, "backup", str(filled.layout.root / "kept"))
    assert (done.returncode, b"within GALLERY_DATA" in done.stderr) == (2, True)
    done = command(filled, "restore", str(tmp_path))
    assert (done.returncode, b"no backup" in done.stderr) == (2, True)


@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_run_that_is_killed_anywhere_leaves_whole_images_and_is_continued(
    store: Store, tmp_path: Path, what: str
) -> None:
    for _ in range(30):
        accept(store, picture() + os.urandom(300_000))
    target, new = tmp_path / "kept", opened(tmp_path / "new")
    if what == "restore":
        command(store, "backup", str(target))
    on = store if what == "backup" else new
    environ = {**os.environ, "GALLERY_DATA": str(on.layout.root)}
    copied = target / "images" if what == "backup" else new.layout.images
    for number in (1, 15):
        process = subprocess.Popen([sys.executable, "-m", "cli", what, str(target)], cwd=ROOT, env=environ)
        end = time.monotonic() + 60
        while len(list(copied.glob("*/*/*"))) < number and process.poll() is None:
            assert time.monotonic() < end
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        for folder in copied.glob("*/*/*"):
            assert {path.name for path in folder.iterdir()} == {"original.png", RECORD}
    done = command(on, what, str(target), "--json")
    assert done.returncode == 0, done.stderr
    assert sum(counts(done).values()) == 30
    if what == "backup":
        command(new, "restore", str(target))
    finish(new)
    originals = {record.id: new.original(record).read_bytes() for record in new.page().records}
    assert originals == {record.id: store.original(record).read_bytes() for record in store.page().records}


def test_a_stream_that_is_cut_off_says_so_and_what_came_is_restored(filled: Store, tmp_path: Path) -> None:
    made = command(filled, "backup", "-")
    new = opened(tmp_path / "new")
    for end in (0, 1000, len(made.stdout) // 2):
        done = command(new, "restore", "-", input=made.stdout[:end])
        assert (done.returncode, b"cut off" in done.stderr) == (2, True)
        assert b"Traceback" not in done.stderr
    finish(new)
    assert new.page().records
    assert command(new, "restore", "-", input=made.stdout).returncode == 0
    assert len(new.page().records) == 4


def test_what_is_in_a_stream_stays_in_its_place(store: Store, tmp_path: Path) -> None:
    image_id = accept(store, picture())
    raw = store.layout.record(image_id).read_bytes()
    original = store.original(store.get(image_id)).read_bytes()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:

        def add(name: str, data: bytes, kind: bytes = tarfile.REGTYPE, link: str = "") -> None:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(data), kind, link
            tar.addfile(member, io.BytesIO(data))

        add("../outside", b"x")
        add("/tmp/outside", b"x")
        add(f"images/2026-01-01/0000/{image_id}/../../outside", b"x")
        add(f"images/2026-01-01/0000/{image_id}/original.png", b"", tarfile.SYMTYPE, "/etc/passwd")
        add(f"images/2026-01-01/0000/{image_id}/original.png", original)
        add(f"images/2026-01-01/0000/{image_id}/evil.sh", b"x")
        add(f"images/2026-01-01/0000/{image_id}/{RECORD}", raw)
    new = opened(tmp_path / "new")
    assert command(new, "restore", "-", input=stream.getvalue()).returncode == 0
    assert {path.name for path in new.layout.image(image_id).iterdir()} == {"original.png", RECORD}
    assert not list(tmp_path.rglob("outside"))
    assert examine(new) == []


def test_a_backup_made_while_images_come_and_go_has_every_one_that_stayed(store: Store, tmp_path: Path) -> None:
    stayed = {accept(store, picture()) for _ in range(10)}
    ended = threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            image_id = accept(store, picture())
            make(store, image_id)
            store.delete(image_id)
            try:
                store.restore(image_id)
                store.delete(image_id)
                store.purge(image_id)
            except ImageNotFound:
                continue

    threads = [threading.Thread(target=come_and_go) for _ in range(3)]
    for thread in threads:
        thread.start()
    done = [command(store, "backup", str(tmp_path / "kept"), "--json") for _ in range(3)]
    stream = command(store, "backup", "-")
    ended.set()
    for thread in threads:
        thread.join(60)
    assert [run.returncode for run in done] == [0, 0, 0], done[-1].stdout
    assert stream.returncode == 0
    for source, data in ((str(tmp_path / "kept"), b""), ("-", stream.stdout)):
        new = opened(tmp_path / f"new{len(data)}")
        assert command(new, "restore", source, input=data).returncode == 0
        assert stayed <= {record.id for record in new.page(limit=10_000).records}
        finish(new)
