"""Builds the app that `create_app` returns. A module of its own, so that importing the package stays cheap."""

from __future__ import annotations

import os

import rq.serializers
from flask import Flask
from rq.serializers import JSONSerializer

from pipeline.queue.connection import connect
from pipeline.settings import Settings
from web.dashboard import errors, protection
from web.dashboard.unreadable import list_unreadable

_REDIS_SECONDS = 5.0
_PREFIX = "/rq-dashboard"


def wire(settings: Settings) -> Flask:
    """rq-dashboard as these settings say, behind its protections."""
    # without a serializer RQ unpickles: anyone who can write to Redis could run code here
    rq.serializers.PickleSerializer = JSONSerializer  # type: ignore[assignment]
    os.environ.pop("RQ_DASHBOARD_SETTINGS", None)
    from rq_dashboard import cli, web

    web.config.serializer = JSONSerializer
    # one way to reach Redis, through Sentinel and TLS too
    web.from_url = lambda url, **_: (None, connect(url, timeout=_REDIS_SECONDS))
    list_unreadable(web)
    app: Flask = cli.make_flask_app(None, None, None, _PREFIX)
    app.config["RQ_DASHBOARD_REDIS_URL"] = settings.redis_url
    app.config["APPLICATION_ROOT"] = _PREFIX
    web.setup_rq_connection(app)
    errors.register(app)
    protection.protect(app, settings.dashboard_user, settings.dashboard_password)
    return app
