"""`python -m web`: the web service under gunicorn."""

from __future__ import annotations

import os
import sys

from pipeline.addresses import netloc, resolve
from pipeline.errors import BadSetting
from pipeline.settings import Settings
from pipeline.volume.files import keep_from_others
from web.server.config import SHARED_MEMORY, share_metrics
from web.server.descriptors import allow_many


def main() -> None:
    """Check the settings, then become gunicorn."""
    try:
        settings = Settings.from_environment()
        address = resolve(settings.host, "GALLERY")
        settings.require_guard()
    except BadSetting as error:
        sys.exit(str(error))
    keep_from_others()
    allow_many()
    command = [
        sys.executable, "-m", "gunicorn", "web:create_app()",
        "--bind", netloc(address, settings.port),
        "--worker-class", "web.server.gunicorn_worker.GalleryWorker",
        "--workers", str(settings.web_processes),
        "--threads", str(settings.web_threads),
        "--worker-connections", str(settings.web_threads * 2),
        "--config", "python:web.server.config",
        "--logger-class", "web.server.config.Log",
        "--worker-tmp-dir", SHARED_MEMORY,
        "--graceful-timeout", "30",
        "--no-control-socket",
        "--forwarded-allow-ips", "",
        "--limit-request-line", "4094",
        "--limit-request-field_size", "8190",
        "--limit-request-fields", "64",
    ]  # fmt: skip
    # threads come and go: with a heap each, memory that one frees is of no use to the next
    environ = {"MALLOC_ARENA_MAX": "2", **os.environ}
    share_metrics(environ)
    os.execve(sys.executable, command, environ)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
