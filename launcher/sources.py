"""`make dev`: notices a change of the sources, and rebuilds the front end if the change is its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_WATCHED = ("pipeline", "web", "worker", "cli")
_SUFFIXES = (".py", ".html", ".ts", ".css", ".svg", ".mjs")
_LEFT_OUT = {"node_modules", "dist", "__pycache__"}
_FRONTEND = "web/frontend/"
_PAUSE_SECONDS = 1.0
_SETTLE_SECONDS = 0.1
_LOOKS = 10


class Sources:
    """Watches the sources below `root`; `say` receives progress, one line at a time."""

    def __init__(self, root: Path, say: Callable[[str], None]) -> None:
        self._root = root
        self._say = say
        self._seen = self._mtimes()
        self._due = 0.0

    def have_changed(self) -> bool:
        """Whether the services must restart. Scans at most once a second, and more often while files change.

        A front end that cannot be built changes nothing.
        """
        if time.monotonic() < self._due:
            return False
        now = self._mtimes()
        if now != self._seen:
            now = self._settled(now)
        changed = sorted(name for name in {*now, *self._seen} if now.get(name) != self._seen.get(name))
        self._seen = now
        if changed:
            self._say(f"{changed[0]} has changed" + (f", and {len(changed) - 1} more" if changed[1:] else ""))
        restarts = bool(changed)
        if any(name.startswith(_FRONTEND) for name in changed):
            restarts = self._build()
        self._due = time.monotonic() + _PAUSE_SECONDS
        return restarts

    def _settled(self, now: dict[str, int]) -> dict[str, int]:
        """Wait until two scans agree, or for ten: several files that are saved together cause one restart."""
        for _ in range(_LOOKS):
            time.sleep(_SETTLE_SECONDS)
            before, now = now, self._mtimes()
            if now == before:
                break
        return now

    def _build(self) -> bool:
        environ = {**os.environ, "PYTHON": sys.executable}
        command = [str(self._root / "web/frontend/make"), "build"]
        done = subprocess.run(command, cwd=self._root, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
        for line in (done.stdout + done.stderr).splitlines():
            self._say(line)
        return done.returncode == 0

    def _mtimes(self) -> dict[str, int]:
        return dict(found for name in _WATCHED for found in _below(self._root, name))


def _below(root: Path, folder: str) -> Iterator[tuple[str, int]]:
    """The modification time of each source below a folder."""
    try:
        scanned = os.scandir(root / folder)
    except FileNotFoundError:  # removed since its parent was read
        return
    with scanned as entries:
        for entry in entries:
            name = f"{folder}/{entry.name}"
            if entry.is_dir():
                if entry.name not in _LEFT_OUT:
                    yield from _below(root, name)
            elif entry.name.endswith(_SUFFIXES):
                try:
                    yield name, entry.stat().st_mtime_ns
                except FileNotFoundError:  # an editor replaces files by renaming
                    continue
