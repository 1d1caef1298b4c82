"""`python -m web.dashboard`: rq-dashboard under gunicorn, behind its fence."""

from __future__ import annotations

import os
import sys

import rq.serializers
from flask import Flask
from rq.serializers import JSONSerializer

from pipeline.errors import BadSetting
from pipeline.jobs import connect
from pipeline.settings import Settings
from web import fence
from web.serving import SHARED_MEMORY

_REDIS_SECONDS = 5.0
PREFIX = "/rq-dashboard"


def create_app(settings: Settings | None = None) -> Flask:
    """The dashboard's app; raises `BadSetting` where no password is set."""
    settings = settings or Settings.from_environment()
    if not settings.dashboard_password:
        raise BadSetting("Set GALLERY_DASHBOARD_PASSWORD: the dashboard can change the queue, so it needs a login.")
    # where no serializer is named RQ unpickles: whoever can write to Redis could then run code here
    rq.serializers.PickleSerializer = JSONSerializer  # type: ignore[assignment]
    os.environ.pop("RQ_DASHBOARD_SETTINGS", None)
    from rq_dashboard import cli, web

    web.config.serializer = JSONSerializer
    # one way to reach Redis, through Sentinel and TLS too
    web.from_url = lambda url, **_: (None, connect(url, timeout=_REDIS_SECONDS))
    app: Flask = cli.make_flask_app(None, None, None, PREFIX)
    app.config["RQ_DASHBOARD_REDIS_URL"] = settings.redis_url
    app.config["APPLICATION_ROOT"] = PREFIX
    web.setup_rq_connection(app)
    fence.put_up(app, settings.dashboard_user, settings.dashboard_password)
    return app


def main() -> None:
    """Check the settings, then become gunicorn."""
    try:
        settings = Settings.from_environment()
        create_app(settings)
    except BadSetting as error:
        sys.exit(str(error))
    command = [
        sys.executable, "-m", "gunicorn", "web.dashboard:create_app()",
        "--bind", f"{settings.dashboard_host}:{settings.dashboard_port}",
        "--worker-class", "gthread", "--threads", "8",
        "--logger-class", "web.serving.Log",
        "--forwarded-allow-ips", "",
        "--worker-tmp-dir", SHARED_MEMORY,
        "--no-control-socket",
    ]  # fmt: skip
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
