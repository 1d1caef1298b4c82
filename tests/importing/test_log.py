"""The log of what was sent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import lines, verdicts
from tests.conftest import picture
from tests.importing.verdicts import Import, only
from tests.network import Network


def log(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "config" / "gallery").glob("import-*.jsonl")
    return found


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(os.urandom(5000)),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(path.read_bytes() + bytes(4096)),
        lambda path: path.write_text('{"key": ["a"], "id": "b"}\n{"key": 1, "id": 2}\n[]\nnull\n"x"\n'),
    ],
)
def test_a_damaged_log_costs_a_question_and_no_file(
    send: Import, way: Network, folder: Path, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    (folder / "a.png").write_bytes(picture())
    only(send("--json"), "accepted", 0)
    damage(log(tmp_path))
    assert next(iter(verdicts(send("--json")).values()))["verdict"] in ("here already", "sent before")
    assert way.count("POST") == 1
    only(send("--json"), "sent before", 0)


def test_an_import_whose_log_cannot_be_kept_says_so_once_and_goes_on(
    send: Import, folder: Path, tmp_path: Path
) -> None:
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(picture())
    (tmp_path / "config").touch()
    done = send("--json")
    assert (done.returncode, lines(done)[-1]["sum"]) == (0, {"accepted": 2})
    assert done.stderr.count("What was sent ") == 1
    (tmp_path / "config").unlink()
    assert lines(send("--json"))[-1]["sum"] == {"here already": 2}
    path = log(tmp_path)
    path.unlink()
    path.mkdir()
    done = send("--json")
    assert (done.returncode, lines(done)[-1]["sum"]) == (0, {"here already": 2})
    assert done.stderr.count("What was sent before cannot be read") == 1


def test_the_log_is_for_its_user_alone(send: Import, folder: Path, tmp_path: Path) -> None:
    (folder / "a.png").write_bytes(picture())
    only(send("--json"), "accepted", 0)
    assert (log(tmp_path).stat().st_mode & 0o777, log(tmp_path).parent.stat().st_mode & 0o777) == (0o600, 0o700)
