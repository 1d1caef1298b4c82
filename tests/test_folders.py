"""Open folders are flushed by many threads, and opened anew meanwhile."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from pipeline.volume.files import file_system
from pipeline.volume.folders import FolderTable


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
