"""`python -m web.dashboard`: rq-dashboard under gunicorn."""

from __future__ import annotations

import os
import sys

from pipeline.addresses import netloc, resolve
from pipeline.errors import BadSetting
from pipeline.settings import Settings
from web.dashboard import create_app
from web.server.config import SHARED_MEMORY


def main() -> None:
    """Check the settings, then become gunicorn."""
    try:
        settings = Settings.from_environment()
        address = resolve(settings.dashboard_host, "GALLERY_DASHBOARD")
        create_app(settings)
    except BadSetting as error:
        sys.exit(str(error))
    command = [
        sys.executable, "-m", "gunicorn", "web.dashboard:create_app()",
        "--bind", netloc(address, settings.dashboard_port),
        "--worker-class", "gthread", "--threads", "8",
        "--logger-class", "web.server.config.Log",
        "--forwarded-allow-ips", "",
        "--worker-tmp-dir", SHARED_MEMORY,
        "--no-control-socket",
    ]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
