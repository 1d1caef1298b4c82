"""The files of the embedded server: private, and set aside if the server refuses them.

The queue may be lost at any moment: the outbox on the volume refills it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

_ASIDE = "damaged"
_LOAD_SECONDS = 600.0


def prepare(data: Path) -> Path:
    """The queue's folder below `data`, made if absent, private to this user."""
    folder = data / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def close_to_others(folder: Path) -> None:
    """Close the files of earlier releases, which everyone could read."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def set_aside_if_refused(folder: Path, server: str) -> str | None:
    """Let the server try its files. If it refuses them, move them to `damaged` and return its reason.

    Raises `OSError` if it does not run without them either (for example on a full disk), and leaves them.
    """
    files = [folder / name for name in ("appendonlydir", "dump.rdb") if os.path.lexists(folder / name)]
    if not files or (why := _refusal(folder, server)) is None:
        return None
    aside = Path(tempfile.mkdtemp(prefix=f"{_ASIDE}-", dir=folder))
    _move(files, aside)
    if (still := _refusal(folder, server)) is not None:
        _remove(folder / file.name for file in files)
        _move((aside / file.name for file in files), folder)
        aside.rmdir()
        raise OSError(still)
    _remove([folder / _ASIDE])
    aside.rename(folder / _ASIDE)
    return why


def _move(paths: Iterable[Path], folder: Path) -> None:
    for path in paths:
        path.rename(folder / path.name)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _refusal(folder: Path, server: str) -> str | None:
    """Start the server, unreachable, until it has read its files; why it ended, or None if it did not."""
    with tempfile.TemporaryDirectory(prefix="gallery-") as place:
        socket, log = Path(place, "s"), Path(place, "log")
        command = [
            server, "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
            "--dir", str(folder), "--appendonly", "yes", "--save", "",
        ]  # fmt: skip
        with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as trial:  # noqa: S603
            try:
                if _has_loaded(trial, str(socket)):
                    trial.terminate()
                    trial.wait()
                    return None
            finally:
                trial.kill()
        words = log.read_text("utf-8", "replace").splitlines()
        said = [line.partition(" # ")[2] for line in words if " # " in line and "WARNING" not in line]
        return said[-1] if said else f"the server ended with {trial.returncode}"


def _has_loaded(trial: subprocess.Popen[bytes], socket: str) -> bool:
    """Wait until the server answers; False if it ended, or takes too long."""
    end = time.monotonic() + _LOAD_SECONDS
    with Redis(unix_socket_path=socket) as connection:
        while trial.poll() is None and time.monotonic() < end:
            try:
                return bool(connection.ping())
            except (RedisError, OSError):
                time.sleep(0.01)
    return False
