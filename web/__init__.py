"""The web service: takes uploads, shows the gallery. It never decodes a picture."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from pipeline.events import Announcer
from pipeline.jobs import Thumbnails, connect
from pipeline.settings import Settings
from pipeline.store import Days, Store
from web import (
    access,
    api,
    archive,
    assets,
    crowd,
    days,
    errors,
    events,
    files,
    gallery,
    headers,
    health,
    journal,
    linger,
    many,
    metrics,
    openapi,
    upload,
)
from web.feed import Feed
from web.rates import Rates

_REDIS_SECONDS = 0.3
_REDIS_PAUSE_SECONDS = 1.0
_FORM_OVERHEAD = 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """Wire the service and return it; reads the environment where no settings are given."""
    settings = settings or Settings.from_environment()
    app = Flask(__name__)
    app.request_class = upload.UploadRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes * 4 + _FORM_OVERHEAD
    app.config["MAX_FORM_PARTS"] = settings.max_form_files + 10
    store = Store(settings)
    store.prepare()
    queue = Thumbnails(connect(settings.redis_url, timeout=_REDIS_SECONDS), settings.job_timeout, _REDIS_PAUSE_SECONDS)
    app.extensions["gallery"] = upload.Desk(settings, store, queue, Announcer(queue.connection))
    journal.register(app, settings)
    rates = Rates(queue, "gallery:rates")
    access.register(app, settings, store, rates)
    crowd.register(app, settings, rates)
    headers.register(app, settings)
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.extensions["days"] = days.Calendar(Days(store.layout.images))
    app.extensions["feed"] = Feed(app, settings.redis_url)
    for module in (upload, gallery, api, archive, many, days, events, files, health, metrics, openapi):
        app.register_blueprint(module.blueprint)
    assets.register(app)
    errors.register(app)
    linger.register(app)
    return app
