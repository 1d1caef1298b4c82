"""What is copied and restored: each image once, as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.doctor import examine
from pipeline.records import State
from pipeline.store import Store
from tests.backup.commands import command, contents, counts, finish, opened
from tests.pictures import picture
from tests.stores import accept, make


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
