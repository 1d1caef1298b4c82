"""What people would use instead: queues with two workers each, fed with paths of files that lie there already."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.common import CORES
from bench.photos import CACHE
from tests.product import ROOT, until

_HERE = Path(__file__).parent
_SHARP = {"once": "BullMQ + sharp, decoding once", "each": "BullMQ + sharp, as documented"}
WORKERS = CORES
Run = Callable[[Sequence[Path]], None]


@contextmanager
def rivals(broker: str, folder: Path, effort: int) -> Iterator[dict[str, Run]]:
    """Start every rival that can be had here; `{name: run}`, where `run` makes the renditions of some files.

    `broker` is the address of a Redis, `folder` where the renditions go, `effort` that of the WebP encoder.
    """
    environ = {**os.environ, "BROKER": broker}
    log_path = folder / "rivals.log"
    started: list[subprocess.Popen[str]] = []
    with ExitStack() as stack:

        def start(command: Sequence[str], cwd: Path, *, feeds: bool = False) -> subprocess.Popen[str]:
            log = stack.enter_context(log_path.open("a"))
            process = subprocess.Popen(
                command, cwd=cwd, env=environ, text=True, stdout=log, stderr=log,
                stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(_end, process)
            started.append(process)
            return process

        def check() -> None:
            if any(process.poll() is not None for process in started):
                raise RuntimeError(f"a rival ended:\n{log_path.read_text()[-2000:]}")

        def runner(name: str, feeder: subprocess.Popen[str]) -> Run:
            return _runner(folder / name, effort, feeder, check)

        feed = [sys.executable, str(_HERE / "rq_feed.py")]
        runs = {"RQ's default worker + Pillow": runner("rq", start(feed, ROOT, feeds=True))}
        for _ in range(WORKERS):
            start([sys.executable, "-m", "rq.cli", "worker", "--url", broker, "bench"], _HERE)
        celery = _celery()
        start([celery, "-m", "celery", "-A", "celery_app", "worker", "--concurrency", str(WORKERS)], _HERE)
        feeder = start([celery, "celery_app.py"], _HERE, feeds=True)
        runs["Celery + Pillow"] = runner("celery", feeder)
        if (node := shutil.which("node")) and shutil.which("npm"):
            place = _bullmq()
            for way, name in _SHARP.items():
                for _ in range(WORKERS):
                    start([node, "bullmq.mjs", "worker", way], place)
                runs[name] = runner(way, start([node, "bullmq.mjs", "feed", way], place, feeds=True))
        yield runs


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _runner(target: Path, effort: int, feeder: subprocess.Popen[str], check: Callable[[], None]) -> Run:
    """Enqueue a job for each file, and wait for the second rendition of all of them."""

    def run(files: Sequence[Path]) -> None:
        target.mkdir()
        assert feeder.stdin is not None
        feeder.stdin.writelines(f"{path} {target / path.stem} {effort}\n" for path in files)
        feeder.stdin.flush()
        views = [target / f"{path.stem}.view.webp" for path in files]

        def done() -> bool:
            check()
            return all(_written(view) for view in reversed(views))

        until(done, 300, 0.01)
        shutil.rmtree(target)

    return run


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
