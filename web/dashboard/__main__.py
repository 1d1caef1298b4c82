"""`python -m web.dashboard`: rq-dashboard under gunicorn."""

from __future__ import annotations

import argparse
import os
import sys

from pipeline.addresses import resolve
from pipeline.errors import BadSetting
from pipeline.queue.connection import connect
from pipeline.settings import Settings
from web.dashboard import require_password
from web.server.command import gunicorn
from web.server.descriptors import allow_many

THREADS = 96


def main() -> None:
    """Check the settings, then become gunicorn."""
    try:
        settings = Settings.from_environment()
        address = resolve(settings.dashboard_host, "GALLERY_DASHBOARD")
        require_password(settings)
        connect(settings.redis_url, timeout=1)  # reads the address, and connects to nothing yet
    except BadSetting as error:
        sys.exit(str(error))
    allow_many()
    command = gunicorn("web.dashboard:create_app()", address, settings.dashboard_port, THREADS)
    # Limits per caller follow from the number of threads; the settings for web's callers do not apply here.
    environ = {**os.environ, "GALLERY_WEB_THREADS": str(THREADS), "GALLERY_CLIENT_CONNECTIONS": ""}
    os.execve(command[0], command, environ)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    # There are no options: reject any, so that --help does not start a server.
    argparse.ArgumentParser(
        prog="python -m web.dashboard", description="Serve rq-dashboard. Settings are environment variables."
    ).parse_args()
    main()
