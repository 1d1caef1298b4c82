"""A thousand listeners to the events of one web process, while uploads go on: how late each hears."""

from __future__ import annotations

import argparse
import multiprocessing
import selectors
import socket
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from bench import report
from bench.common import Product, number, product, quantile, upload
from tests.pictures import picture

LISTENERS = (1, 100, 1000)


def main() -> None:
    """Measure with each number of listeners."""
    parser = argparse.ArgumentParser(prog="python -m bench.events", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=10, help="uploads a second that are tried for")
    options, _ = parser.parse_known_args()
    rows, figures = [], {}
    for listeners in LISTENERS:
        with product(GALLERY_MAX_LISTENERS="2000", GALLERY_CLIENT_LISTENERS="2000") as running:
            found = _measure(running, listeners, options.seconds, options.rate)
        print(f"   {listeners}: {found}", flush=True)
        figures[str(listeners)] = found
        rows.append([listeners, *map(number, found.values())])
    report.save("events", {"seconds": options.seconds, "figures": figures})
    report.table(
        "events",
        ("listeners", "uploads/s", "events told", "median ms", "95th ms", "99th ms", "upload median ms",
         "memory of web MB", "of it for listeners MB", "processor share of web"),
        rows,
        "From the event's place in the stream, in Redis, to its last byte at the listener. One process listens on all "
        "connections, on the same machine; uploads are of small pictures, one after the other.",
    )  # fmt: skip


def _measure(running: Product, listeners: int, seconds: float, rate: float) -> dict[str, float]:
    connection = running.connection()
    for _ in range(10):
        upload(connection, picture(size=(64, 64)))
    web = _child(running.processes["web"].pid)
    before = _memory(web)
    ours, theirs = multiprocessing.Pipe()
    ear = multiprocessing.Process(target=_listen, args=(running.port, listeners, seconds, theirs))
    ear.start()
    ours.recv()
    connection = running.connection()
    with_listeners, busy, began = _memory(web), _processor(web), time.monotonic()
    times = []
    while (now := time.monotonic()) < began + seconds:
        upload(connection, picture(size=(64, 64)))
        times.append(time.monotonic() - now)
        time.sleep(max(0.0, 1 / rate - times[-1]))
    took = time.monotonic() - began
    busy = (_processor(web) - busy) / took
    delays: list[float] = ours.recv()
    ear.join()
    return {
        "uploads": len(times) / took,
        "told": len(delays),
        "median": quantile(delays, 0.5),
        "p95": quantile(delays, 0.95),
        "p99": quantile(delays, 0.99),
        "upload": 1000 * quantile(times, 0.5),
        "memory": with_listeners,
        "listeners": with_listeners - before,
        "processor": busy,
    }


def _listen(port: int, listeners: int, seconds: float, to: Connection) -> None:
    """Open all connections, say so, then send the delays in milliseconds of every event heard."""
    ears = selectors.DefaultSelector()
    for _ in range(listeners):
        ear = socket.create_connection(("127.0.0.1", port), 30)
        ear.sendall(b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        ear.setblocking(False)
        ears.register(ear, selectors.EVENT_READ, bytearray())
    end = time.monotonic() + 2
    while time.monotonic() < end:
        _hear(ears, [])
    to.send("ready")
    delays: list[float] = []
    end = time.monotonic() + seconds + 1
    while time.monotonic() < end:
        _hear(ears, delays)
    to.send(delays)


def _hear(ears: selectors.BaseSelector, delays: list[float]) -> None:
    for key, _ in ears.select(0.2):
        with suppress(BlockingIOError):
            key.data.extend(key.fileobj.recv(1 << 18))  # type: ignore[union-attr] # each is a socket
        now = 1000 * time.time()
        *frames, rest = key.data.split(b"\n\n")
        key.data[:] = rest
        told = (frame for frame in frames if frame.startswith(b"id: ") and b"\nevent: image" in frame)
        delays.extend(now - int(frame[4 : frame.index(b"-")]) for frame in told)


def _child(pid: int) -> int:
    """The process of gunicorn that serves."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _memory(pid: int) -> float:
    """Memory that a process holds, in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    main()
