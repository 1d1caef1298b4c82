"""Open folders are flushed by many threads, and opened anew meanwhile."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.volume.files import file_system
from pipeline.volume.folders import FolderTable, make_folder


def open_here() -> list[str]:
    """What the descriptors of this process lead to."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # another thread's, closed meanwhile
            found.append(str(Path(f"/proc/self/fd/{number}").readlink()))
    return found


def test_a_folder_stays_open_for_as_long_as_somebody_flushes_it(tmp_path: Path) -> None:
    table, errors, ended = FolderTable(tmp_path), list[OSError](), threading.Event()

    def flush() -> None:
        while not ended.is_set():
            try:
                table.flush(tmp_path)
            except OSError as error:  # a pipe cannot be flushed: the number was another's by then
                errors.append(error)

    threads = [threading.Thread(target=flush) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        table.keep(tmp_path)
        for end in os.pipe():
            os.close(end)
    ended.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert open_here().count(str(tmp_path)) == 1


def test_the_type_of_a_file_system_is_that_of_its_mount(tmp_path: Path) -> None:
    assert file_system(Path("/proc")) == "proc"
    assert file_system(Path("/dev/shm")) == "tmpfs"
    assert file_system(tmp_path) not in ("nfs", "nfs4")


def test_a_folder_is_made_however_often_others_remove_it(tmp_path: Path) -> None:
    minute, errors, ended = tmp_path / "day" / "minute", list[OSError](), threading.Event()

    def make() -> None:
        while not ended.is_set():
            try:
                make_folder(minute)
            except OSError as error:
                errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(20_000):
        with suppress(OSError):
            minute.rmdir()
            minute.parent.rmdir()
    ended.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_folder_is_not_made_where_something_else_lies(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for place in ("file", "file/below", "link", "link/below"):
        with pytest.raises((FileExistsError, NotADirectoryError)):
            make_folder(tmp_path / place)
