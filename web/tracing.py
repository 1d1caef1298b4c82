"""The span of a request that may begin or change a picture: each POST. It goes on with the caller's trace, if one is
sent along."""

from __future__ import annotations

from contextlib import ExitStack

import structlog
from flask import Flask, Response, g, request

from pipeline.tracing import Tracer, valid_traceparent


def register(app: Flask, tracer: Tracer) -> None:
    """Nothing is registered if no traces are kept."""
    if not tracer.is_on:
        return

    @app.before_request
    def begin() -> None:
        if request.method != "POST" or request.url_rule is None:
            return
        route, parent = request.url_rule.rule, valid_traceparent(request.headers.get("traceparent"))
        g.span = stack = ExitStack()
        attributes = {"http.request.method": "POST", "http.route": route}
        stack.enter_context(tracer.span(f"POST {route}", kind="server", parent=parent, attributes=attributes))
        stack.enter_context(structlog.contextvars.bound_contextvars(**tracer.log_fields))

    @app.after_request
    def end(response: Response) -> Response:
        if "span" in g:
            tracer.note({"http.response.status_code": response.status_code})
            if response.status_code >= 500:
                tracer.fail(str(response.status_code))
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        if "span" in g:
            g.span.close()
