"""`python -m bench.soak`: two minutes of uploads and readers without a pause: nothing is dropped, memory is flat."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from bench.common import Product, product
from bench.photos import SMALL, copies, pictures
from bench.report import save, table

_UPLOADERS, _READERS, _LISTENERS = 6, 6, 200
_SAMPLE_SECONDS = 2.0
_MOST_WAITING = 300  # workers are never idle, and the end is not long in coming


class Load:
    """Clients that each do one thing over and over until told to stop, and count what was answered."""

    def __init__(self, running: Product) -> None:
        self._running = running
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.answers: Counter[str] = Counter()
        self.accepted: list[str] = []
        self.heard = 0

    def start(self) -> None:
        """Start them all."""
        originals = pictures(SMALL)
        for place in range(_UPLOADERS):
            self._thread(partial(self._uploader, copies(originals, 10**6, place * 10**6)))
        for _ in range(_READERS):
            self._thread(self._reader)
        self._thread(self._listeners)

    def _thread(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """End them all."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _call(
        self, connection: http.client.HTTPConnection, kind: str, method: str, path: str, body: bytes | None
    ) -> bytes:
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            data = answer.read()
            with self._lock:
                self.answers[f"{kind} {answer.status}"] += 1
        except (OSError, http.client.HTTPException) as error:
            with self._lock:
                self.answers[f"{kind} {type(error).__name__}"] += 1
            connection.close()
            return b""
        return data

    def _uploader(self, files: Iterator[bytes]) -> None:
        connection = self._running.connection()
        while not self._stopped.is_set():
            if len(self._running.store.pending()) > _MOST_WAITING:
                connection.close()  # else the server would, while it is idle
                time.sleep(0.1)
                continue
            data = next(files)
            body = self._call(connection, "upload", "POST", "/api/images?name=soak.jpg", data)
            with suppress(ValueError, KeyError):
                image_id = json.loads(body)["id"]
                with self._lock:
                    self.accepted.append(image_id)
        connection.close()

    def _reader(self) -> None:
        connection, chance = self._running.connection(), random.Random(1)
        while not self._stopped.is_set():
            page = self._call(connection, "page", "GET", "/", None)
            listing = self._call(connection, "list", "GET", "/api/images?limit=60&state=ready", None)
            if not page or not listing:
                continue
            ready = [record for record in json.loads(listing)["images"] if "grid" in record["links"]]
            for record in chance.sample(ready, min(10, len(ready))):
                self._call(connection, "file", "GET", record["links"]["grid"], None)
        connection.close()

    def _listeners(self) -> None:
        connections = []
        for _ in range(_LISTENERS):
            connection = socket.create_connection(("127.0.0.1", self._running.port), 30)
            connection.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            connection.setblocking(False)
            connections.append(connection)
        while not self._stopped.wait(0.2):
            for connection in connections:
                with suppress(BlockingIOError):
                    while data := connection.recv(1 << 20):
                        self.heard += data.count(b"event: image")
        for connection in connections:
            connection.close()


def resident(running: Product) -> dict[str, float]:
    """MiB of memory that each service holds, all its processes together."""
    groups = {process.pid: name for name, process in running.processes.items()}
    found: Counter[str] = Counter()
    for path in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError, IndexError):
            name = groups.get(os.getpgid(int(path.parent.name)))
            if name:
                found[name] += int(path.read_text().split("VmRSS:")[1].split()[0])
    return {name: value / 1024 for name, value in found.items()}


def main() -> None:
    """Run the load, and report what was answered and how memory went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    options, _ = parser.parse_known_args()
    with product(workers=2, GALLERY_RESERVE_MB="0") as running:
        load, samples = Load(running), []
        load.start()
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            time.sleep(_SAMPLE_SECONDS)
            samples.append(resident(running))
        load.stop()
        print(f"   {len(load.accepted)} accepted, {len(running.store.pending())} of them wait", flush=True)
        running.wait_until_done(1200)
        failed = sum(running.store.get(image_id).state != "ready" for image_id in load.accepted)
        status = running.call("GET", "/api/status").json
    report(load, samples, options.seconds, failed, status["failed"])


def report(load: Load, samples: list[dict[str, float]], seconds: int, lost: int, failed: int) -> None:
    """Tables of memory and answers; exits with 1 where something was dropped or memory grew."""
    rows, grew = [], False
    for name in sorted(samples[-1]):
        series = [sample.get(name, 0.0) for sample in samples]
        quarter = max(1, len(series) // 4)
        early, late = sum(series[quarter : 2 * quarter]) / quarter, sum(series[-quarter:]) / quarter
        grew = grew or (name != "redis" and late > 1.15 * early + 10)
        rows.append((name, f"{early:.0f}", f"{late:.0f}", f"{max(series):.0f}"))
    good = {"upload 201", "upload 200", "page 200", "list 200", "file 200"}
    dropped = sum(count for answer, count in load.answers.items() if answer not in good)
    counts = ", ".join(f"{count} × {answer}" for answer, count in sorted(load.answers.items()))
    note = (
        f"{seconds} s, {_UPLOADERS} uploaders, {_READERS} readers, {_LISTENERS} listeners: {counts}; "
        f"{dropped} requests dropped, {lost} of {len(load.accepted)} accepted images not ready in the end, "
        f"{load.heard:,} events heard. Memory in MiB, all processes of a service together, mean of a quarter."
    )
    save(
        "soak", {"answers": dict(load.answers), "lost": lost, "failed": failed, "heard": load.heard, "memory": samples}
    )
    table("soak", ("service", "second quarter", "last quarter", "most"), rows, note)
    if dropped or lost or failed or grew:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
