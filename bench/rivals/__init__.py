"""What people would use instead: queues with two workers each, fed with paths of files that lie there already."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.common import CORES
from bench.photos import CACHE
from tests.product import ROOT, until

_HERE = Path(__file__).parent
_SHARP = {"once": "BullMQ + sharp, decoding once", "each": "BullMQ + sharp, as documented"}
_BATCH = {
    "once": "BullMQ + sharp, one job for both",
    "two": "BullMQ + sharp, two jobs, small ones first",
    "immich": "BullMQ + sharp, as Immich ships it",
}
WORKERS = CORES
Run = Callable[[Sequence[Path]], list[tuple[float, float]]]
"""Makes the renditions of some files: for each, when its grid and when its view was written (Unix time)."""


@contextmanager
def rivals(broker: str, folder: Path, effort: int) -> Iterator[dict[str, Run]]:
    """Start every rival that can be had here.

    `broker` is the address of a Redis, `folder` where the renditions go, `effort` that of the WebP encoder.
    """
    with ExitStack() as stack:
        field = _Field(stack, broker, folder, effort)
        feed = [sys.executable, str(_HERE / "rq_feed.py")]
        runs = {"RQ's default worker + Pillow": field.runner("rq", field.start(feed, ROOT, feeds=True))}
        for _ in range(WORKERS):
            field.start([sys.executable, "-m", "rq.cli", "worker", "--url", broker, "bench"], _HERE)
        celery = _celery()
        field.start([celery, "-m", "celery", "-A", "celery_app", "worker", "--concurrency", str(WORKERS)], _HERE)
        runs["Celery + Pillow"] = field.runner("celery", field.start([celery, "celery_app.py"], _HERE, feeds=True))
        yield runs | field.bullmq(_SHARP)


@contextmanager
def batch_rivals(broker: str, folder: Path, effort: int) -> Iterator[dict[str, Run]]:
    """Start BullMQ with sharp in the ways in which one would have it work off many pictures at once."""
    with ExitStack() as stack:
        yield _Field(stack, broker, folder, effort).bullmq(_BATCH)


class _Field:
    """The processes of the rivals; they end with the stack."""

    def __init__(self, stack: ExitStack, broker: str, folder: Path, effort: int) -> None:
        self._stack, self._folder, self._effort = stack, folder, effort
        self._environ = {**os.environ, "BROKER": broker}
        self._log = folder / "rivals.log"
        self._started: list[subprocess.Popen[str]] = []

    def start(self, command: Sequence[str], cwd: Path, *, feeds: bool = False) -> subprocess.Popen[str]:
        log = self._stack.enter_context(self._log.open("a"))
        process = subprocess.Popen(
            command, cwd=cwd, env=self._environ, text=True, stdout=log, stderr=log,
            stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
        )  # fmt: skip
        self._stack.callback(_end, process)
        self._started.append(process)
        return process

    def bullmq(self, ways: Mapping[str, str]) -> dict[str, Run]:
        """The ways to run it, by name; empty without Node.js."""
        node = shutil.which("node")
        if not node or not shutil.which("npm"):
            return {}
        place = _bullmq()
        runs = {}
        for way, name in ways.items():
            for _ in range(1 if way == "immich" else WORKERS):
                self.start([node, "bullmq.mjs", "worker", way], place)
            runs[name] = self.runner(way, self.start([node, "bullmq.mjs", "feed", way], place, feeds=True))
        return runs

    def runner(self, name: str, feeder: subprocess.Popen[str]) -> Run:
        """Enqueues what there is to do for each file, and waits until all of it is done."""
        target = self._folder / name

        def run(files: Sequence[Path]) -> list[tuple[float, float]]:
            target.mkdir()
            assert feeder.stdin is not None
            feeder.stdin.writelines(f"{path} {target / path.stem} {self._effort}\n" for path in files)
            feeder.stdin.flush()
            made = [[target / f"{path.stem}.{kind}.webp" for kind in ("grid", "view")] for path in files]
            until(lambda: self._done(made), 300, 0.01)
            times = [(grid.stat().st_mtime, view.stat().st_mtime) for grid, view in made]
            shutil.rmtree(target)
            return times

        return run

    def _done(self, made: Sequence[Sequence[Path]]) -> bool:
        if any(process.poll() is not None for process in self._started):
            raise RuntimeError(f"a rival ended:\n{self._log.read_text()[-2000:]}")
        return all(_written(path) for paths in reversed(made) for path in reversed(paths))


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _written(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _celery() -> str:
    """Celery in an environment of its own: the product is not to depend on it."""
    python = CACHE / "celery" / "bin" / "python"
    locked = _HERE / "celery.txt"
    if not python.exists() or not _fresh(python.parent.parent, locked):
        subprocess.run([sys.executable, "-m", "venv", CACHE / "celery"], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", str(locked)], check=True)
        _stamp(CACHE / "celery", locked)
    return str(python)


def _bullmq() -> Path:
    """BullMQ and sharp in a folder of their own."""
    place = CACHE / "bullmq"
    place.mkdir(parents=True, exist_ok=True)
    locked = _HERE / "package-lock.json"
    for name in ("bullmq.mjs", "package.json", "package-lock.json"):
        shutil.copy(_HERE / name, place / name)
    if not _fresh(place, locked):
        subprocess.run(["npm", "ci", "--silent"], cwd=place, check=True)
        _stamp(place, locked)
    return place


def _fresh(place: Path, locked: Path) -> bool:
    stamp = place / ".installed"
    return stamp.exists() and stamp.read_bytes() == locked.read_bytes()


def _stamp(place: Path, locked: Path) -> None:
    shutil.copy(locked, place / ".installed")
