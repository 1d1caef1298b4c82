"""Files that change while they are sent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import verdicts
from tests.conftest import Gallery, picture
from tests.importing.verdicts import Import, holds, images, large, only
from tests.network import Fault, Network


def appends(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrinks(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1000)


def is_overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(os.urandom(500))


def is_overwritten_and_looks_the_same(path: Path) -> None:
    before = path.stat()
    is_overwritten(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def is_replaced(path: Path) -> None:
    other = path.with_name(".other")
    other.write_bytes(large())
    other.replace(path)


CHANGES = [appends, shrinks, is_overwritten, is_overwritten_and_looks_the_same, is_replaced]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_sent_is_sent_again_whole_and_torn_bytes_never_arrive(
    send: Import, shared: Gallery, way: Network, folder: Path, change: Callable[[Path], None]
) -> None:
    path, before = folder / "a.png", images(shared)
    path.write_bytes(large())
    way.fail("POST /api/images", Fault(call=lambda: change(path)), times=1)
    only(send("--json"), "accepted", 0)
    assert holds(shared, path.read_bytes())
    assert len(images(shared) - before) == 1
    only(send("--json"), "sent before", 0)


@pytest.mark.parametrize("change", [appends, is_overwritten_and_looks_the_same, is_replaced])
def test_a_file_that_never_stops_changing_is_left_and_sent_by_the_next_run(
    send: Import, shared: Gallery, way: Network, folder: Path, change: Callable[[Path], None]
) -> None:
    path, before = folder / "a.png", images(shared)
    path.write_bytes(large())
    (folder / "b.png").write_bytes(picture())
    way.fail("POST /api/images?name=a.png", Fault(call=lambda: change(path)), times=3)
    done = send("--json")
    found = verdicts(done)
    assert (found["a.png"]["verdict"], found["b.png"]["verdict"], done.returncode) == ("changed", "accepted", 1)
    assert len(images(shared) - before) == 1
    assert verdicts(send("--json"))["a.png"]["verdict"] == "accepted"
    assert holds(shared, path.read_bytes())


def test_a_file_that_grew_after_it_was_sent_is_sent_by_the_next_run(
    send: Import, shared: Gallery, way: Network, folder: Path
) -> None:
    path = folder / "a.png"
    path.write_bytes(large())
    only(send("--json"), "accepted", 0)
    appends(path)
    only(send("--json"), "accepted", 0)
    assert holds(shared, path.read_bytes())


def test_another_file_of_the_same_length_and_time_is_not_taken_for_the_one_that_was_sent(
    send: Import, shared: Gallery, folder: Path
) -> None:
    path, other = folder / "a.bmp", folder / ".other"
    path.write_bytes(picture("GIF", (50, 50), "#112233"))
    other.write_bytes(picture("GIF", (50, 50), "#332211"))
    only(send("--json"), "accepted", 0)
    assert path.stat().st_size == other.stat().st_size
    os.utime(other, ns=(0, path.stat().st_mtime_ns))
    other.replace(path)
    only(send("--json"), "accepted", 0)
    assert holds(shared, path.read_bytes())


def test_a_file_that_is_removed_while_it_is_sent_arrives_and_one_removed_before_is_gone(
    send: Import, way: Network, folder: Path
) -> None:
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(large())

    def remove() -> None:
        for path in folder.iterdir():
            path.unlink()

    way.fail("POST /api/images?name=a.png", Fault(call=remove), times=1)
    done = send("--json", "--jobs", "1")
    found = verdicts(done)
    assert (found["a.png"]["verdict"], found["b.png"]["verdict"], done.returncode) == ("accepted", "gone", 1)
    assert send("--json").returncode == 0
