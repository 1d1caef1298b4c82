"""The doctor names each violation of a volume's rules, mends what can be repaired, and tells by its exit status."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.ids import new_id
from pipeline.records import State
from pipeline.store import NothingToDo, Store
from tests.conftest import ROOT, picture
from tests.stores import accept, make


def doctor(store: Store, *options: str) -> tuple[int, Any]:
    run = subprocess.run(
        [sys.executable, "-m", "cli", "doctor", "--json", *options],
        cwd=ROOT,
        env={**os.environ, "GALLERY_DATA": str(store.layout.root)},
        stdout=subprocess.PIPE,
    )
    return run.returncode, json.loads(run.stdout) if run.stdout else None


def work(store: Store) -> None:
    for image_id in store.pending():
        try:
            make(store, image_id)
        except NothingToDo:
            continue


@pytest.fixture
def ready(store: Store) -> list[str]:
    ids = [accept(store, picture()) for _ in range(12)]
    work(store)
    return ids


def test_without_pillow_it_says_so_and_checks_all_else(store: Store, ready: list[str]) -> None:
    code = "import sys; sys.modules['PIL'] = None; from cli.__main__ import main; main(['doctor'])"
    environ = {**os.environ, "GALLERY_DATA": str(store.layout.root)}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert run.stdout.endswith("Every rule holds.\n")
    assert "Pillow is not here: renditions are not decoded." in run.stderr


def test_a_whole_volume_passes(store: Store, ready: list[str]) -> None:
    accept(store, picture())
    assert doctor(store) == (0, {"violations": [], "left": 0})


def test_where_no_terminal_is_only_the_findings_are_printed(store: Store) -> None:
    command = [sys.executable, "-m", "cli", "doctor", "--quick"]
    environ = {**os.environ, "GALLERY_DATA": str(store.layout.root)}
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "Every rule holds.\n", "")


def test_a_place_without_a_volume_cannot_be_checked(store: Store) -> None:
    shutil.rmtree(store.layout.images)
    assert doctor(store)[0] == 2


def spoil(store: Store, ready: list[str]) -> dict[str, str]:
    """Break every rule once; the codes expected, by image id or path."""
    layout = store.layout
    folder = layout.image(ready[0])

    def rewrite(image_id: str, **changes: Any) -> None:
        layout.record(image_id).write_bytes(store.get(image_id).with_(**changes).to_json())

    shown = folder.relative_to(layout.root)
    (folder / ".image.json.1.tmp").write_bytes(b"half")
    layout.record(ready[1]).write_bytes(b"{")
    layout.rendition(ready[2], "grid").write_bytes(b"")
    broken = layout.rendition(ready[3], "view")
    broken.write_bytes(bytes(broken.stat().st_size))
    layout.marker(ready[4]).touch()
    rewrite(ready[5], state=State.PENDING)
    rewrite(ready[6], state=State.FAILED)
    layout.failure(ready[7]).touch()
    layout.claim(store.get(ready[8]).sha256).unlink()
    gone = [new_id() for _ in range(5)]
    layout.marker(gone[0]).touch()
    layout.failure(gone[1]).touch()
    (orphan := layout.claim("abc" + 61 * "0")).parent.mkdir(exist_ok=True)
    orphan.symlink_to(gone[2])
    layout.upload(gone[3], "deadbeef").mkdir()
    layout.leaving(gone[4]).mkdir()
    (layout.images / "2001-01-01" / "0101").mkdir(parents=True)
    return {
        f"{shown}/.image.json.1.tmp": "half-written",
        ready[1]: "record-damaged",
        ready[2]: "rendition-broken",
        ready[3]: "rendition-broken",
        ready[4]: "ended-marked",
        ready[5]: "pending-unmarked",
        ready[6]: "failed-unmarked",
        ready[7]: "failure-stale",
        ready[8]: "claim-missing",
        f"pending/{gone[0]}": "marker-orphan",
        f"failed/{gone[1]}": "failure-orphan",
        f"hashes/ab/{'abc' + 61 * '0'}": "claim-orphan",
        f"incoming/{gone[3]}.deadbeef": "draft-abandoned",
        f"incoming/{gone[4]}.deleted": "half-deleted",
        "images/2001-01-01/0101": "empty-folder",
    }


def test_each_breach_is_named_and_repaired(store: Store, ready: list[str]) -> None:
    expected = spoil(store, ready)
    status, found = doctor(store)
    assert {violation["where"]: violation["code"] for violation in found["violations"]} == expected
    assert status == 1
    status, found = doctor(store, "--repair")
    assert (status, found["left"]) == (0, 0)
    assert all(violation["repaired"] for violation in found["violations"])
    work(store)
    for image_id in store.failed():
        store.retry(image_id)
    work(store)
    assert doctor(store) == (0, {"violations": [], "left": 0})
    assert {record.id for record in store.page().records} == set(ready)
    assert all(record.state is State.READY for record in store.page().records)


def test_what_was_lost_is_named_and_not_hidden(store: Store, ready: list[str]) -> None:
    layout = store.layout
    store.original(store.get(ready[0])).unlink()
    original = store.original(store.get(ready[1]))
    original.write_bytes(bytes(original.stat().st_size))
    (layout.pending / "notes.txt").touch()
    twin = new_id()
    shutil.copytree(layout.image(ready[2]), layout.image(twin))
    layout.record(twin).write_bytes(store.get(ready[2]).with_(id=twin).to_json())
    status, found = doctor(store, "--repair")
    assert status == 1
    assert {violation["where"]: violation["code"] for violation in found["violations"]} == {
        ready[0]: "original-missing",
        ready[1]: "original-damaged",
        "pending/notes.txt": "stray-file",
        twin: "double",
    }
    quick = doctor(store, "--quick")[1]
    assert ready[1] not in {violation["where"] for violation in quick["violations"]}


def test_an_image_restored_from_a_backup_of_its_folder_alone_is_taken_up_again(store: Store, tmp_path: Path) -> None:
    image_id = accept(store, picture())
    shutil.copytree(store.layout.image(image_id), tmp_path / "backup")
    store.delete(image_id)
    shutil.copytree(tmp_path / "backup", store.layout.image(image_id))
    assert doctor(store, "--repair")[0] == 0
    work(store)
    assert store.get(image_id).state is State.READY
    assert doctor(store)[0] == 0
