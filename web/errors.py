"""Named errors to HTTP, in this one place: problem documents (RFC 9457) under /api, a page elsewhere."""

from __future__ import annotations

import json

import structlog
from flask import Flask, Response, render_template, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from pipeline.errors import BrokenUpload, GalleryError, VolumeUnavailable
from web import counters, uploads

_log = structlog.get_logger()
_CODES = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "too-large", 416: "bad-range"}


def register(app: Flask) -> None:
    """Answer every error of the app."""
    app.register_error_handler(GalleryError, _named)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, lambda _error: _named(BrokenUpload()))
    app.register_error_handler(Exception, _unexpected)


def _named(error: GalleryError) -> Response:
    if isinstance(error, VolumeUnavailable):
        _log.error("volume unavailable", why=error.why)
    if request.endpoint in uploads.ENDPOINTS:
        counters.refused(error.code)
    answer = _answer(error.status, error.title, str(error), error.code)
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="gallery"'
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code = _CODES.get(status, "http-error")
    answer = _answer(status, error.name, error.description or error.name, code)
    for name, value in error.get_headers():
        if name.lower() == "allow":
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Response:
    _log.error("unexpected", path=request.path, exc_info=error)
    return _answer(500, "Something went wrong", "Something went wrong on our side. Try again.", "internal")


def _answer(status: int, title: str, detail: str, code: str) -> Response:
    if request.path.startswith("/api/"):
        problem = {
            "type": f"about:blank#{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
        }
        return Response(json.dumps(problem), status, mimetype="application/problem+json")
    page = render_template("gallery/error.html", title=title, detail=detail)
    return Response(page, status, mimetype="text/html")
