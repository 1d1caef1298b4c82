"""`make run` as tests drive it: the launcher on free ports, with an embedded Redis, its output in a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.product import ROOT, Gallery, free_port, until

LAUNCHER = (sys.executable, "-m", "launcher")


@dataclass
class Launched:
    """Launchers on one data folder; `start` may be called again."""

    gallery: Gallery
    environ: dict[str, str]
    log: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start the launcher, or a command that does, its output into `log` unless told otherwise."""
        with self.log.open("ab") as out:
            options = {"stdout": out, "stderr": out, "start_new_session": True, **options}
            environ = {**self.environ, **options.pop("environ", {})}
            process = subprocess.Popen(command or LAUNCHER, cwd=ROOT, env=environ, **options)
        self.processes.append(process)
        return process

    def until_ready(self, seconds: float = 60) -> None:
        """Wait until pictures are taken, and a worker listens."""
        until(lambda: self.gallery.call("GET", "/readyz").status == 200, seconds)
        until(lambda: (self.gallery.call("GET", "/api/status").json["queue"] or {}).get("workers"), seconds)

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def running(self, part: str = "") -> dict[int, str]:
        """Processes of this data folder, of any launcher, whose command holds `part`."""
        mine, found = b"GALLERY_DATA=%s\0" % os.fsencode(self.gallery.data), {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = os.fsdecode((folder / "cmdline").read_bytes().replace(b"\0", b" "))
                at_home = self.gallery.data in (folder / "cwd").readlink().parents  # valkey hides its environment
                if command and part in command and (at_home or mine in (folder / "environ").read_bytes()):
                    found[int(folder.name)] = command
        return found

    def until_nothing_runs(self, seconds: float = 40) -> None:
        until(lambda: not self.running(), seconds)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(30)
        for pid in self.running():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def launched(folder: Path, **settings: str) -> Iterator[Launched]:
    """A data folder below `folder` and settings; nothing runs yet, and everything that was started is ended."""
    port = free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GALLERY_", "REDIS_", "MAKE"))},
        "GALLERY_DATA": str(folder / "data"),
        "GALLERY_PORT": str(port),
        "GALLERY_DASHBOARD_PORT": str(free_port()),
        "GALLERY_METRICS_PORT": str(free_port()),
        "GALLERY_SWEEP_SECONDS": "2",
        "GALLERY_WORKERS": "1",
        **settings,
    }
    gallery = Gallery(folder / "data", port, 0, environ)
    run = Launched(gallery, environ, folder / "launcher.log")
    try:
        yield run
    finally:
        run.end()
