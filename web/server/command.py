"""The command line of gunicorn, for the gallery and for the dashboard."""

from __future__ import annotations

import sys

from pipeline.addresses import netloc
from web.server.shared_memory import SHARED_MEMORY


def gunicorn(app: str, address: str, port: int, threads: int, *options: str) -> list[str]:
    """The command that serves `app` (`module:factory()`) with so many threads in each process."""
    return [
        sys.executable, "-m", "gunicorn", app,
        "--bind", netloc(address, port),
        "--worker-class", "web.server.gunicorn_worker.GalleryWorker",
        "--threads", str(threads),
        "--worker-connections", str(threads * 2),
        "--logger-class", "web.server.config.Log",
        "--worker-tmp-dir", SHARED_MEMORY,
        "--no-control-socket",
        "--forwarded-allow-ips", "",
        "--limit-request-line", "4094",
        "--limit-request-field_size", "8190",
        "--limit-request-fields", "64",
        *options,
    ]  # fmt: skip
