"""A repair that is killed at any rename leaves nothing lost, and the next one goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import count

import pytest

from cli.doctor import examination_of, examine
from pipeline.store.checks.examine import repair
from tests.conftest import ROOT
from tests.damage import DAMAGES, Volume
from tests.test_doctor_damage import contents, nothing_is_worse
from tests.test_doctor_damage import template as template  # the fixtures
from tests.test_doctor_damage import volume as volume

LINK = b"a kind of 0o120000"
VICTIM = """
import os, signal, sys
from pipeline.store.checks import examine

examine.SECOND_LOOK_SECONDS = 0.01
left = int(sys.argv.pop())

def dying(real):
    def call(*args, **options):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **options)
    return call

for name in ("rename", "replace"):
    setattr(os, name, dying(getattr(os, name)))
from cli.doctor import doctor
doctor(["--repair", "--json"])
"""


@pytest.mark.parametrize(
    "name",
    [
        "two_folders_exchanged",
        "three_folders_exchanged_in_a_circle",
        "two_records_exchanged",
        "two_originals_exchanged",
        "an_original_renamed",
        "a_record_and_its_original_damaged",
        "an_image_among_the_uploads",
    ],
)
def test_a_repair_killed_at_any_rename_is_finished_by_the_next(volume: Volume, name: str) -> None:
    pristine = contents(volume.layout.root)
    for number in count(1):
        said = DAMAGES[name](volume)
        before = contents(volume.layout.root)
        run = subprocess.run(
            [sys.executable, "-c", VICTIM, str(number)],
            cwd=ROOT,
            env={**os.environ, "GALLERY_DATA": str(volume.layout.root)},
            stdout=subprocess.DEVNULL,
        )
        if run.returncode != -signal.SIGKILL:
            assert number > 1
            return
        nothing_is_worse(before, contents(volume.layout.root), said)
        examination = examination_of(volume.store)
        excuses: list[str] = []
        done = repair(examination, examination.all(), excuses.append)
        assert [v.code for v in done.left] == list(said.left.values()), excuses
        assert len(examine(volume.store)) == len(said.left)
        nothing_is_worse(before, contents(volume.layout.root), said)
        restore(volume, pristine)


def restore(volume: Volume, pristine: dict[str, bytes]) -> None:
    """The volume as it was before it was damaged."""
    root = volume.layout.root
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for place, data in pristine.items():
        if data.startswith(LINK):
            (root / place).symlink_to(data.removeprefix(LINK).decode())
        elif data.startswith(b"a kind of"):
            (root / place).mkdir(parents=True)
        else:
            (root / place).write_bytes(data)
