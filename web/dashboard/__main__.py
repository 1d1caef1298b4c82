"""`python -m web.dashboard`: rq-dashboard under gunicorn."""

from __future__ import annotations

import argparse
import os
import sys

from pipeline.addresses import resolve
from pipeline.errors import BadSetting
from pipeline.settings import Settings
from web.dashboard import create_app
from web.server.command import gunicorn
from web.server.descriptors import allow_many

THREADS = 96


def main() -> None:
    """Check the settings, then become gunicorn."""
    try:
        settings = Settings.from_environment()
        address = resolve(settings.dashboard_host, "GALLERY_DASHBOARD")
        create_app(settings)
    except BadSetting as error:
        sys.exit(str(error))
    allow_many()
    command = gunicorn("web.dashboard:create_app()", address, settings.dashboard_port, THREADS)
    # the worker's shares follow from its threads; what is set for web's callers is not meant here
    environ = {**os.environ, "GALLERY_WEB_THREADS": str(THREADS), "GALLERY_CLIENT_CONNECTIONS": ""}
    os.execve(command[0], command, environ)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    # it takes no options, so one that is given is a mistake, and --help starts nothing
    argparse.ArgumentParser(
        prog="python -m web.dashboard", description="Serve rq-dashboard. Settings are environment variables."
    ).parse_args()
    main()
