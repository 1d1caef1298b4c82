"""Files that are damaged or cannot be read."""

from __future__ import annotations

import errno
import io
import json
import os
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import pytest

from cli.doctor import examine
from pipeline.records import State
from pipeline.store import Store
from pipeline.store.backup import snapshot
from pipeline.store.backup.folder import FolderBackup
from pipeline.store.backup.tape import TarBackup
from pipeline.store.backup.writing import write
from pipeline.volume.layout import RECORD
from tests.backup.commands import command, counts, opened
from tests.pictures import picture
from tests.stores import accept


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
