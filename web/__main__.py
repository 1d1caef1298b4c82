"""`python -m web`: the web service under gunicorn."""

from __future__ import annotations

import argparse
import os
import sys

from pipeline.addresses import resolve
from pipeline.errors import BadSetting
from pipeline.settings import Settings
from pipeline.volume.files import keep_from_others
from web.server.command import gunicorn
from web.server.descriptors import allow_many
from web.server.shared_memory import share_metrics


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
    command = gunicorn(
        "web:create_app()", address, settings.port, settings.web_threads,
        "--workers", str(settings.web_processes),
        "--config", "python:web.server.config",
        "--graceful-timeout", "30",
    )  # fmt: skip
    # Threads are short-lived. If each had its own heap, memory freed by one could not be used by the next.
    environ = {"MALLOC_ARENA_MAX": "2", **os.environ}
    share_metrics(environ)
    os.execve(command[0], command, environ)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    # There are no options: reject any, so that --help does not start a server.
    argparse.ArgumentParser(
        prog="python -m web", description="Serve the gallery. Settings are environment variables."
    ).parse_args()
    main()
