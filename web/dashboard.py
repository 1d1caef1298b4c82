"""`python -m web.dashboard`: rq-dashboard under gunicorn, always behind a login."""

from __future__ import annotations

import os
import sys

from pipeline.errors import BadSetting
from pipeline.settings import Settings


def main() -> None:
    """Hand our settings to rq-dashboard, then become gunicorn."""
    try:
        settings = Settings.from_environment()
    except BadSetting as error:
        sys.exit(str(error))
    if not settings.dashboard_password:
        sys.exit("Set GALLERY_DASHBOARD_PASSWORD: the dashboard can change the queue, so it needs a login.")
    environ = {
        **os.environ,
        "RQ_DASHBOARD_REDIS_URL": settings.redis_url,
        "RQ_DASHBOARD_JSON_SERIALIZER": "1",
        "RQ_DASHBOARD_USERNAME": settings.dashboard_user,
        "RQ_DASHBOARD_PASSWORD": settings.dashboard_password,
    }
    command = [
        sys.executable, "-m", "gunicorn", "rq_dashboard.app:create_app()",
        "--bind", f"{settings.dashboard_host}:{settings.dashboard_port}",
        "--worker-class", "gthread", "--threads", "4",
        "--worker-tmp-dir", "/dev/shm",  # noqa: S108 - gunicorn's heartbeat belongs in memory
        "--no-control-socket",
    ]  # fmt: skip
    os.execve(sys.executable, command, environ)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
