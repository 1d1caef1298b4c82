"""Every request gets an id, is counted and timed by route, and is logged in one line."""

from __future__ import annotations

import re
import time
from secrets import token_hex

import structlog
from flask import Flask, Response, g, request

from web import counters
from web.access.proxies import BELIEVED

_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
_QUIET = frozenset(
    {"static", "files.rendition", "files.original", "files.download", "health.healthz", "health.readyz", "metrics.show"}
)
_log = structlog.get_logger()


def register(app: Flask) -> None:
    """Must be registered first, to time everything else. A trusted proxy may set the id."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        offered = request.headers.get("X-Request-Id", "") if BELIEVED in request.environ else ""
        g.request_id = offered if _ID.fullmatch(offered) else token_hex(8)
        structlog.contextvars.bind_contextvars(request=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        took = time.perf_counter() - g.began
        response.headers["X-Request-Id"] = g.request_id
        method = request.method if request.method in _METHODS else "other"
        route = request.url_rule.rule if request.url_rule else "none"
        counters.REQUESTS.labels(method, route, str(response.status_code)).inc()
        counters.REQUEST_SECONDS.labels(method, route).observe(took)
        if request.endpoint not in _QUIET or response.status_code >= 500:
            _log.info(
                "request",
                method=method,
                path=request.path[:200],
                status=response.status_code,
                ms=round(took * 1000, 1),
                client=request.remote_addr,
                caller=g.get("caller"),
            )
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        structlog.contextvars.unbind_contextvars("request")
