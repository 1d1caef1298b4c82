"""What a worker counts, and the port where Prometheus reads it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from time import perf_counter
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from pipeline.records import Record
from pipeline.threads import keep_running
from pipeline.times import now

RENDER_SECONDS = Histogram(
    "gallery_render_seconds",
    "Decoding one picture and making its renditions: the grid, the view, or both.",
    ["format", "made"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
SEEN_SECONDS = Histogram(
    "gallery_seen_seconds",
    "From accepted to the grid that is shown, of pictures made for the first time.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
READY_SECONDS = Histogram(
    "gallery_ready_seconds",
    "From accepted to ready, of pictures made for the first time.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
)
FAILURES = Counter("gallery_failures", "Images that were failed, by the code of the reason.", ["code"])
FINDINGS = Counter("gallery_sweep_findings", "What sweeps found and put right, by kind.", ["kind"])
SWEEPS = Counter("gallery_sweeps", "Sweeps that went through to their end.")
SANDBOX = Gauge("gallery_sandbox", "Whether a part of the sandbox holds the process that decodes.", ["part"])

Exemplar = dict[str, str] | None
"""The trace of what was observed, in OpenMetrics; None if there is none."""

_PORTS = 64
_log = structlog.get_logger()


def serve(host: str, port: int) -> int | None:
    """Listen on `port`, or the next free one for the second worker on a machine; the port that was found."""
    for number in range(port, min(port + _PORTS, 65536)):
        try:
            server, thread = start_http_server(number, host)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            _log.warning("no metrics", host=host, port=number, error=error.strerror)
            return None
        keep_running("metrics", _Server(number, host, server, thread).run)
        _log.info("metrics", host=host, port=number)
        return number
    _log.warning("no free port for metrics", host=host, port=port)
    return None


@dataclass(slots=True)
class _Server:
    """Prometheus' server, started again if its thread should end."""

    port: int
    host: str
    server: WSGIServer
    thread: Thread

    def run(self) -> None:
        if not self.thread.is_alive():
            self.server.server_close()
            self.server, self.thread = start_http_server(self.port, self.host)
        self.thread.join()
        raise RuntimeError("the thread that answers Prometheus ended")


@contextmanager
def rendering(record: Record, made: str, exemplar: Exemplar) -> Iterator[None]:
    """A context that takes down how long `made` of a picture takes."""
    began = perf_counter()
    try:
        yield
    finally:
        RENDER_SECONDS.labels(record.format, made).observe(perf_counter() - began, exemplar)


def seen(record: Record, exemplar: Exemplar) -> None:
    """Take down how long a picture took from accepted to its grid, which is shown now."""
    _observe(SEEN_SECONDS, record.received_at, now(), exemplar)


def ready(record: Record, exemplar: Exemplar) -> None:
    """Take down how long a picture took from accepted to ready."""
    if record.finished_at is not None:
        _observe(READY_SECONDS, record.received_at, record.finished_at, exemplar)


def _observe(histogram: Histogram, begin: str, end: str, exemplar: Exemplar) -> None:
    took = datetime.fromisoformat(end) - datetime.fromisoformat(begin)
    histogram.observe(max(0.0, took.total_seconds()), exemplar)
