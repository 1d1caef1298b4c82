"""The only place that maps named errors to HTTP: problem documents (RFC 9457) under /api, a page elsewhere."""

from __future__ import annotations

import structlog
from flask import Flask, Response, render_template, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from pipeline.errors import BrokenUpload, GalleryError, UnusableRecord, VolumeUnavailable
from web import counters, uploads
from web.api.answers import answer
from web.api.schemas import Problem

_log = structlog.get_logger()
_STATUSES = {
    400: {"bad-request", "broken-upload", "missing-file"},
    401: {"sign-in-needed"},
    403: {"cross-site", "not-allowed", "original-not-allowed", "unknown-host"},
    404: {"image-not-found"},
    409: {"cannot-strip-metadata", "newer-release", "not-failed", "not-restorable"},
    413: {"too-large", "too-many-files", "too-much-to-zip"},
    415: {"not-an-accepted-format", "unsupported-kind"},
    422: {
        "broken-header", "cannot-be-decoded", "cut-off", "empty-file", "inflates-too-much", "killed-its-worker",
        "needs-too-much-memory", "original-missing", "ran-out-of-memory", "too-many-frames", "too-many-pixels",
        "too-many-scans", "too-much-metadata", "took-too-long",
    },
    429: {"too-many-at-once", "too-many-requests", "too-many-tries"},
    500: {"internal"},
    503: {
        "busy", "index-not-ready", "queue-unavailable", "record-damaged", "too-many-listeners", "volume-unavailable",
    },
    507: {"volume-full"},
}  # fmt: skip
STATUS = {code: status for status, codes in _STATUSES.items() for code in codes}
"""The HTTP status of each named error, by its code."""

_HTTP_CODES = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 413: "too-large", 416: "bad-range"}
_WORDS = {
    404: ("There is nothing here", "Nothing has this address. A picture that had it may have been deleted."),
    405: ("This cannot be done here", "This address is not for that kind of request."),
}
"""Our own words, where the library has its own."""


def register(app: Flask) -> None:
    """Answer every error of the app."""
    app.register_error_handler(GalleryError, _named)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ParseException, lambda _error: _named(BrokenUpload()))
    app.register_error_handler(Exception, _unexpected)


def _named(error: GalleryError) -> Response:
    if isinstance(error, VolumeUnavailable):
        _log.error("volume unavailable", why=error.why)
    elif isinstance(error, UnusableRecord):
        _log.error("record damaged", image=error.image_id, why=error.why)
    if request.endpoint in uploads.ENDPOINTS:
        counters.refused(error.code)
    status = STATUS[error.code]
    response = _answer(status, error.title, str(error), error.code)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="gallery"'
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code = _HTTP_CODES.get(status, "http-error")
    title, detail = _WORDS.get(status, (error.name, error.description or error.name))
    response = _answer(status, title, detail, code)
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    _log.error("unexpected", path=request.path, exc_info=error)
    return _answer(500, "Something went wrong", "Something went wrong on our side. Try again.", "internal")


def _answer(status: int, title: str, detail: str, code: str) -> Response:
    if request.path.startswith("/api/"):
        problem = Problem(f"about:blank#{code}", title, status, detail, code)
        return answer(problem, status, mimetype="application/problem+json")
    page = render_template("gallery/error.html", title=title, detail=detail)
    return Response(page, status, mimetype="text/html")
