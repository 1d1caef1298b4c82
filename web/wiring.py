"""Builds the app that `create_app` returns. A module of its own, so that importing `web` stays cheap."""

from __future__ import annotations

from flask import Flask

from pipeline.queue.connection import connect
from pipeline.queue.events import EventPublisher
from pipeline.queue.image_queues import ImageQueues
from pipeline.queue.lease import Lease
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.tracing import make_tracer
from web import (
    access,
    compression,
    errors,
    files,
    overview,
    pages,
    request_log,
    security_headers,
    tracing,
    turns,
    uploads,
)
from web.access import throttling
from web.access.originals import everybody_may
from web.access.proxies import TrustedProxies
from web.access.rates import Rates
from web.api import blueprints
from web.api.answers import JSONProvider
from web.callers import Shares
from web.index import Index
from web.listing import Listing
from web.live.feed import Feed
from web.server import lingering_close
from web.server.descriptors import LISTENERS, at_most
from web.services import Services

_REDIS_SECONDS = 0.3
_REDIS_PAUSE_SECONDS = 1.0
_LEASE_TIMEOUT = 2.0


def wire(settings: Settings) -> Flask:
    """Connect the parts of the service with each other, and return it."""
    app = Flask("web")
    app.json = JSONProvider(app)
    store = Store(settings)
    store.prepare()
    lease = Lease(connect(settings.redis_url, timeout=_LEASE_TIMEOUT), lambda: store.volume.id)
    lease.start()
    redis = connect(settings.redis_url, timeout=_REDIS_SECONDS)
    queue = ImageQueues(redis, settings.job_timeout, lease, _REDIS_PAUSE_SECONDS)
    rates = Rates(queue, "gallery:rates")
    index = Index(settings.cache, store.volume)
    tracer = make_tracer("web", settings.otlp_endpoint)
    app.extensions["gallery"] = Services(settings, store, queue, EventPublisher(redis, lease), index, tracer)
    feed = Feed(app, settings.redis_url, lease, index.events, originals_for_all=everybody_may(settings))
    app.extensions["feed"] = feed
    app.extensions["listing"] = Listing(store, index, feed)
    index.start()
    feed.start()
    app.extensions["listeners"] = Shares(settings.client_listeners, min(settings.max_listeners, at_most(LISTENERS)))
    overview.register(app)
    uploads.register(app, settings.max_upload_bytes, settings.max_form_files)
    turns.register(app)
    tracing.register(app, tracer)
    request_log.register(app)
    compression.register(app)
    throttling.count_requests(app, settings)
    access.register(app, settings, store, rates)
    throttling.limit_rates(app, settings, rates)
    security_headers.register(app, settings)
    if settings.trusted_proxies:
        app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    pages.register(app)
    blueprints.register(app)
    files.register(app, store)
    errors.register(app)
    lingering_close.register(app, uploads.ENDPOINTS)
    return app
