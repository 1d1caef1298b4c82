"""gunicorn's configuration, its hooks, and its log in our format."""

from __future__ import annotations

import os
import shutil
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger
from prometheus_client.multiprocess import mark_process_dead

from pipeline.logs import set_up_logs
from pipeline.settings import Settings
from web.server.shared_memory import METRICS_FOLDER


def on_starting(_server: Any) -> None:
    """A hook of gunicorn, before it forks: import the service once, so that all web processes share its modules."""
    import web.wiring  # noqa: F401


def child_exit(_server: Any, worker: Any) -> None:
    """A hook of gunicorn: a web process ended; drop its gauges and keep its counters."""
    if METRICS_FOLDER in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def worker_exit(_server: Any, worker: Any) -> None:
    """A hook of gunicorn, in a web process that ends: send the traces that are left."""
    if (app := getattr(worker, "wsgi", None)) is not None:
        app.extensions["gallery"].tracer.stop()


def on_exit(_server: Any) -> None:
    """A hook of gunicorn: the service ends; drop its counters."""
    if folder := os.environ.get(METRICS_FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


class Log(Logger):  # type: ignore[misc]
    """gunicorn's log in the format of ours."""

    def setup(self, cfg: Config) -> None:
        """Send gunicorn's messages to the root logger."""
        super().setup(cfg)
        set_up_logs("web", Settings.from_environment().log_format)
        self.error_log.handlers[:] = []
        self.error_log.propagate = True
