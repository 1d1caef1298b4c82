"""The span of each POST, which may create or change an image. It continues the caller's trace, if there is one."""

from __future__ import annotations

from contextlib import ExitStack

import structlog
from flask import Flask, Response, g, request

from pipeline.tracing import Tracer, valid_traceparent


def register(app: Flask, tracer: Tracer) -> None:
    """Does nothing if tracing is off."""
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
