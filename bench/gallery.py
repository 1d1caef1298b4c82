"""Pages of galleries from a hundred images to a million, and files a second against a bare static server."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench import report
from bench.common import Product, Spread, call, rounds, scratch
from bench.make_volume import make
from tests.product import ROOT, answers, free_port, until

VOLUMES = {"100": (100, 1), "10,000": (10_000, 40), "100,000 in one day": (100_000, 1), "1,000,000": (1_000_000, 2500)}
PAGES = {"first page": "/", "page in the middle": "/?before={middle}", "first 60 records": "/api/images",
         "60 records in the middle": "/api/images?before={middle}", "days": "/api/days?every=200"}  # fmt: skip
_REQUESTS = 30
_CLIENTS = 4
_SECONDS = 3.0


def main() -> None:
    """Measure each page of each gallery in turns, then the files."""
    parser = argparse.ArgumentParser(prog="python -m bench.gallery", description=__doc__)
    parser.add_argument("--volumes", type=Path, default=scratch() / "gallery-bench-volumes", help="kept between runs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=int, default=1_000_000, help="leave out larger galleries")
    options, _ = parser.parse_known_args()
    with contextlib.ExitStack() as stack:
        running = {}
        for label, (images, days) in VOLUMES.items():
            if images <= options.most:
                running[label] = stack.enter_context(_gallery(options.volumes / label, images, days))
        figures = {page: _page(running, page, options.rounds) for page in PAGES}
        files = _files(running["100"], options.rounds)
    report.save("gallery", {"milliseconds": figures, "files per second": files})
    rows: list[list[object]] = []
    for page, found in figures.items():
        small = found["100"].median
        ratios = [f"{spread} · {spread.median / small:.2f}" for spread in found.values()]
        rows.append([page, *ratios])
    note = (
        "Milliseconds until the whole answer is there, and the ratio to the gallery of a hundred; the index is whole."
    )
    report.table("gallery", ("", *running), rows, note)
    ours, bare = files["gallery"], files["bare"]
    report.table(
        "files",
        ("", "files/s", "ratio"),
        [["gallery", ours, f"{ours.median / bare.median:.2f}"], ["bare static server", bare, "1"]],
        f"The grid rendition, {_CLIENTS} clients with connections that they keep; the bare server is gunicorn with the "
        "same settings and ten lines that open one file.",
    )


@contextlib.contextmanager
def _gallery(data: Path, images: int, days: int) -> Iterator[Product]:
    """The web service and a Redis on a volume that is made where it is not there yet."""
    if not (data / "complete").exists():
        print(f" making {images} images", flush=True)
        make(data, images, days, burst=70 if days == 1 and images > 1000 else 10)
        (data / "complete").touch()
    running = Product(data)
    try:
        running.start_with_index()
        yield running
    finally:
        running.stop_all()


def _middle(running: Product) -> str:
    """The id of an image in the middle of the gallery."""
    place = running.store.layout.images
    for _ in range(3):
        names = sorted(os.listdir(place))
        place /= names[len(names) // 2]
    return place.name


def _page(running: dict[str, Product], page: str, count: int) -> dict[str, Spread]:
    print(f" {page}", flush=True)
    contenders: dict[str, Callable[[], float]] = {}
    for label, product in running.items():
        path = PAGES[page].format(middle=_middle(product))
        contenders[label] = partial(_milliseconds, product, path)
    for measure in contenders.values():
        measure()
    return rounds(count, contenders)


def _milliseconds(running: Product, path: str) -> float:
    """The median of some requests, one after the other."""
    times = []
    connection = running.connection()
    for _ in range(_REQUESTS):
        began = time.perf_counter()
        status, _body = call(connection, "GET", path)
        times.append(1000 * (time.perf_counter() - began))
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
    connection.close()
    return statistics.median(times)


def _files(running: Product, count: int) -> dict[str, Spread]:
    """Files a second of ours and of a bare server."""
    print(" files", flush=True)
    record = running.call("GET", "/api/images?limit=1").json["images"][0]
    path = running.store.layout.rendition(record["id"], "grid")
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "bench.gallery:bare()", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--threads", "40", "--no-control-socket"]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "BENCH_FILE": str(path)}, stdout=log, stderr=log
        )
        try:
            until(lambda: answers(port), 120, 0.01)
            return rounds(
                count,
                {
                    "gallery": lambda: _per_second(running.port, record["links"]["grid"]),
                    "bare": lambda: _per_second(port, "/"),
                },
            )
        finally:
            server.terminate()
            server.wait()


def _per_second(port: int, path: str) -> float:
    end = time.perf_counter() + _SECONDS
    counts = []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        count = 0
        while time.perf_counter() < end:
            status, _ = call(connection, "GET", path)
            count += status == 200
        counts.append(count)

    threads = [threading.Thread(target=client) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / _SECONDS


def bare() -> Callable[..., object]:
    """The bare static server: one file, with its length and type."""
    path = Path(os.environ["BENCH_FILE"])

    def application(environ: dict[str, Callable[..., object]], start: Callable[..., object]) -> object:
        length = str(path.stat().st_size)
        start("200 OK", [("Content-Type", "image/webp"), ("Content-Length", length)])
        return environ["wsgi.file_wrapper"](open(path, "rb"))

    return application


if __name__ == "__main__":
    main()
