"""Locks on images: one holder at a time, among threads, processes and machines, and none once the holder has ended."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.ids import new_id
from pipeline.volume import image_locks
from pipeline.volume.image_locks import ImageLocks
from pipeline.volume.locks import Busy
from tests.conftest import until
from tests.product import ROOT

HOLDER = """
import sys, time
from pathlib import Path
from pipeline.volume.image_locks import ImageLocks
with ImageLocks(Path(sys.argv[1]), lambda: True).hold(sys.argv[2], wait=0):
    print("held", flush=True)
    time.sleep(600)
"""

FORK = """
import os, sys
from pathlib import Path
from pipeline.volume.image_locks import ImageLocks
from pipeline.volume.locks import Busy
locks, image_id = ImageLocks(Path(sys.argv[1]), lambda: True), sys.argv[2]
with locks.hold(image_id, wait=0):
    if not (child := os.fork()):
        try:
            with locks.hold(image_id, wait=0):
                os._exit(1)
        except Busy:
            os._exit(0 if locks.is_held(image_id) else 2)
    assert os.waitpid(child, 0)[1] == 0
    assert ImageLocks(Path(sys.argv[1]), lambda: True).is_held(image_id)
"""

Locks = Callable[[], ImageLocks]


@pytest.fixture(params=[False, True], ids=["opened each time", "stays open"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Locks:
    """Locks on one file, as another process would have them."""
    return lambda: ImageLocks(tmp_path / "images", lambda: request.param)


def refused(locks: ImageLocks, image_id: str) -> bool:
    try:
        with locks.hold(image_id, wait=0):
            return False
    except Busy:
        return True


def test_an_image_is_held_once_and_others_are_free(locks: Locks) -> None:
    ours, theirs, image_id = locks(), locks(), new_id()
    assert not ours.is_held(image_id)
    with ours.hold(image_id, wait=0):
        for one in (ours, theirs):
            assert one.is_held(image_id)
            assert refused(one, image_id)
            assert not refused(one, new_id())
    for one in (ours, theirs):
        assert not one.is_held(image_id)
        assert not refused(one, image_id)


def test_a_lock_ends_with_the_process_that_holds_it(locks: Locks, tmp_path: Path) -> None:
    image_id = new_id()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "images"), image_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert locks().is_held(image_id)
        assert refused(locks(), image_id)
        holder.send_signal(signal.SIGKILL)
    until(lambda: not locks().is_held(image_id), 10)
    assert not refused(locks(), image_id)


def test_threads_take_turns(locks: Locks) -> None:
    ours, image_id, inside, most = locks(), new_id(), 0, []

    def work() -> None:
        nonlocal inside
        for _ in range(20):
            with ours.hold(image_id, wait=60):
                inside += 1
                most.append(inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 120


def test_what_others_hold_stays_held_when_one_lets_go(locks: Locks) -> None:
    ours, kept, gone = locks(), new_id(), new_id()
    with ours.hold(kept, wait=0):
        with ours.hold(gone, wait=0):
            pass
        assert ours.is_held(kept)
        assert locks().is_held(kept)
        assert not locks().is_held(gone)


def test_a_lock_file_that_was_removed_is_made_again(
    locks: Locks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_locks, "_CHECK_SECONDS", -1.0)
    ours, image_id = locks(), new_id()
    assert not refused(ours, image_id)
    (tmp_path / "images").unlink()
    assert not ours.is_held(image_id)
    with ours.hold(image_id, wait=0):
        assert locks().is_held(image_id)


def test_a_fork_does_not_have_what_its_parent_holds(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", FORK, str(tmp_path / "images"), new_id()], cwd=ROOT, check=True)


def test_nothing_stays_open_that_keeps_a_local_volume_from_being_read_only(tmp_path: Path) -> None:
    ours = ImageLocks(tmp_path / "images", lambda: False)
    with ours.hold(new_id(), wait=0):
        pass
    assert not ours.is_held(new_id())
    if not (descriptors := Path("/proc/self/fd")).is_dir():
        pytest.skip("no /proc tells what is open")
    open_here = []
    for entry in descriptors.iterdir():
        with suppress(FileNotFoundError):  # another thread's, closed meanwhile
            open_here.append(entry.readlink())
    assert tmp_path / "images" not in open_here


@pytest.mark.parametrize("after", [0, 1], ids=["the lock", "the unlock"])
def test_a_signal_in_the_middle_leaves_nothing_locked(
    locks: Locks, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """As when the time of a job is up while the volume answers."""
    ours, image_id, calls, right = locks(), new_id(), itertools.count(), image_locks._set

    def interrupted(descriptor: int, image_id: str, *, locked: bool) -> None:
        right(descriptor, image_id, locked=locked)
        if next(calls) == after:
            raise TimeoutError if locked else KeyboardInterrupt

    with monkeypatch.context() as interrupting:
        interrupting.setattr(image_locks, "_set", interrupted)
        with suppress(KeyboardInterrupt), ours.hold(image_id, wait=0):
            pass
    for one in (ours, locks()):
        assert not one.is_held(image_id)
        assert not refused(one, image_id)


def test_an_open_file_that_fails_is_opened_anew(tmp_path: Path) -> None:
    ours, image_id = ImageLocks(tmp_path / "images", lambda: True), new_id()
    acts: list[Callable[[], bool]] = [lambda: ours.is_held(image_id), lambda: refused(ours, image_id)]
    for act in acts:
        assert not refused(ours, image_id)
        assert ours._file is not None
        os.close(ours._file.descriptor)  # as if the volume had been mounted anew
        assert not act()
