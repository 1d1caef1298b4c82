"""Uploads without workers, against a bare copy that flushes each file, on the same volume: 1 to 64 clients.

Nothing is removed before the end, for which it needs some 12 GB: an ext4 without a journal looks for minutes at every
inode that was freed before it takes a new one, and that is no cost of either.
"""

from __future__ import annotations

import argparse
import os
import secrets
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import report
from bench.common import Product, number, product, rounds, upload
from tests.pictures import picture

CLIENTS = (1, 4, 16, 64)
SIZES = {"5 MB": 5_000_000, "200 KB": 200_000}
_CHUNK = 256 * 1024
_TAIL = 16
_COPY = "copy-"


def main() -> None:
    """Measure every size with every number of clients."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options, _ = parser.parse_known_args()
    rows, figures = [], {}
    head = picture("JPEG", (1600, 1200))
    with product() as running:
        for label, size in SIZES.items():
            body = head + os.urandom(size - len(head) - _TAIL)
            for clients in CLIENTS:
                print(f" {label}, {clients} clients", flush=True)
                found = rounds(
                    options.rounds,
                    {
                        "gallery": partial(_rate, clients, _uploader(running, body)),
                        "bare copy": partial(_rate, clients, _copier(running.data, body)),
                    },
                )
                ours, bare = found["gallery"], found["bare copy"]
                figures[f"{label}, {clients} clients"] = found
                megabytes = number(ours.median * size / 1e6)
                rows.append([label, clients, ours, megabytes, bare, f"{ours.median / bare.median:.2f}"])
    report.save("ingest", {"figures": figures})
    report.table(
        "ingest",
        ("file", "clients", "uploads/s", "MB/s", "bare copies/s", "ratio"),
        rows,
        "Each client sends one file after the other over a connection that it keeps; the bare copy writes a file, "
        "flushes it and closes it, in as many threads.",
    )


def _rate(clients: int, make: Callable[[], Callable[[], None]]) -> float:
    """Files a second, where each of `clients` threads does what `make` gives it, again and again."""
    each = max(1, 48 // clients)
    ready, go = threading.Barrier(clients + 1), threading.Event()

    def work() -> None:
        once = make()
        ready.wait()
        go.wait()
        for _ in range(each):
            once()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    go.set()
    for thread in threads:
        thread.join()
    return each * clients / (time.perf_counter() - began)


def _uploader(running: Product, body: bytes) -> Callable[[], Callable[[], None]]:
    def make() -> Callable[[], None]:
        connection = running.connection()
        connection.connect()
        return lambda: _discard(upload(connection, body + os.urandom(_TAIL)))

    return make


def _discard(_: object) -> None:
    """For lambdas that give nothing."""


def _copier(folder: Path, body: bytes) -> Callable[[], Callable[[], None]]:
    def once() -> None:
        path = folder / f"{_COPY}{secrets.token_hex(8)}"
        with path.open("wb", buffering=0) as file:
            whole = memoryview(body + os.urandom(_TAIL))
            for start in range(0, len(whole), _CHUNK):
                file.write(whole[start : start + _CHUNK])
            os.fsync(file.fileno())

    return lambda: once


if __name__ == "__main__":
    main()
