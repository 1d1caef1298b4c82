"""A volume and a Redis that release 0.1 made are taken over as they are.

`upgrade/volume-0.1.tar.gz` was made by the last commit before the second release was begun (ffdf476): two ready
pictures, a failed one, and one that waits, with its job in the files of the embedded Redis.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Gallery
from tests.product import until

Record = dict[str, Any]


@pytest.fixture
def old(bare: Gallery) -> Gallery:
    """The volume of release 0.1, and nothing that runs."""
    shutil.unpack_archive(ROOT / "tests/upgrade/volume-0.1.tar.gz", bare.data, filter="data")
    return bare


def records(data: Path) -> dict[str, Record]:
    """The records of a volume, by the names of the files."""
    found = [json.loads(path.read_text()) for path in data.glob("images/*/*/*/image.json")]
    return {record["name"]: record for record in found}


def original(data: Path, record: Record) -> bytes:
    (path,) = data.glob(f"images/*/*/{record['id']}/original.*")
    return path.read_bytes()


def test_this_release_takes_over_what_release_0_1_left(old: Gallery) -> None:
    before = records(old.data)
    assert {name: record["state"] for name, record in before.items()} == {
        "photo.jpg": "ready",
        "drawing.png": "ready",
        "broken.jpg": "failed",
        "waiting.png": "pending",
    }
    files = {path: path.read_bytes() for path in old.data.glob("images/*/*/*/*.*") if path.name != "image.json"}
    old.start_redis()
    old.start_web()
    old.start("worker", "worker")

    assert old.until_ended(before["waiting.png"]["id"])["state"] == "ready"
    old.until_listed(before["waiting.png"]["id"])
    now = {record["name"]: record for record in old.call("GET", "/api/images").json["images"]}
    assert set(now) == set(before)
    for name in ("photo.jpg", "drawing.png", "broken.jpg"):
        same = ("id", "state", "reason", "sha256", "received_at", "finished_at", "attempts")
        assert {key: now[name][key] for key in same} == {key: before[name][key] for key in same}
    for name in ("photo.jpg", "drawing.png", "waiting.png"):
        for link in ("grid", "view", "original"):
            assert old.call("GET", now[name]["links"][link]).status == 200
    assert {path: path.read_bytes() for path in files} == files

    for name, record in before.items():  # 0.1 kept its claims as files
        answer = old.upload(original(old.data, record), name)
        assert (answer.status, answer.json["id"]) == (200, record["id"])
    until(lambda: all(claim.is_symlink() for claim in old.data.glob("hashes/*/*")), 60)
    command = [sys.executable, "-m", "cli", "doctor"]
    done = subprocess.run(command, cwd=ROOT, env=old.environ, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
