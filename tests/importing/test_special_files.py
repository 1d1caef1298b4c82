"""What is no file, or cannot be read."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.commands import verdicts
from tests.conftest import picture
from tests.importing.verdicts import WITHOUT_RIGHTS, Import, only


def test_pipes_sockets_devices_and_links_get_a_verdict_and_hold_up_nothing(
    send: Import, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.png").write_bytes(picture())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.png").write_bytes(picture())
    os.mkfifo(folder / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # the names of sockets are short
        listener.bind("socket.png")
        os.chdir(here)
    (folder / "file link.png").symlink_to(tmp_path / "elsewhere" / "b.png")
    (folder / "folder link").symlink_to(tmp_path / "elsewhere")
    (folder / "pipe link.png").symlink_to("pipe.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "dangling.png").symlink_to("nowhere")
    (folder / "up").symlink_to(folder)
    (folder / "empty.png").touch()
    done = send("--json")
    found = {path: verdict["verdict"] for path, verdict in verdicts(done).items()}
    assert found == {
        "a.png": "accepted", "file link.png": "accepted", "empty.png": "no picture", "up": "skipped",
        "pipe.png": "skipped", "pipe link.png": "skipped", "socket.png": "skipped", "folder link": "skipped",
        "loop.png": "unreadable", "dangling.png": "unreadable",
    }  # fmt: skip
    assert done.returncode == 1
    text = send().stdout
    assert "skipped       pipe.png: a named pipe\n" in text
    assert "skipped       folder link: a link to a folder, which is not followed\n" in text
    for name in ("loop.png", "dangling.png"):
        (folder / name).unlink()
    assert send().returncode == 0


def test_a_device_is_not_opened(send: Import, folder: Path) -> None:
    try:
        os.mknod(folder / "device.png", 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("needs the right to make a device")
    assert only(send("--json"), "skipped", 0)["message"] == "a device"


def test_files_and_folders_that_cannot_be_read_are_reported_and_the_rest_is_sent(send: Import, folder: Path) -> None:
    if subprocess.run([*WITHOUT_RIGHTS, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs setpriv, as root")
    (folder / "closed").mkdir()
    (folder / "closed" / "a.png").write_bytes(picture())
    for name in ("b.png", "c.png"):
        (folder / name).write_bytes(picture())
    (folder / "closed").chmod(0)
    (folder / "b.png").chmod(0)
    done = send("--json", before=WITHOUT_RIGHTS)
    assert {path: verdict["verdict"] for path, verdict in verdicts(done).items()} == {
        "closed": "unreadable", "b.png": "unreadable", "c.png": "accepted",
    }  # fmt: skip
    assert done.returncode == 1
    assert "unreadable    closed: Permission denied\n" in send(before=WITHOUT_RIGHTS).stdout
    folder.chmod(0)
    done = send("--json", before=WITHOUT_RIGHTS)
    folder.chmod(0o755)
    assert (done.returncode, "is not readable" in done.stderr) == (2, True)


def test_folders_may_be_as_deep_as_the_system_allows(send: Import, folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)
    for _ in range(1500):
        Path("d").mkdir()
        os.chdir("d")
    Path("a.png").write_bytes(picture())
    os.chdir(here)
    try:
        done = send("--json")
    finally:
        subprocess.run(["rm", "-r", str(folder / "d")], check=True)  # too deep for pytest to remove
    assert only(done, "accepted", 0)["path"].endswith("/a.png")
