"""Compresses pages and JSON if the client accepts it. Files have compressed copies, or are compressed themselves."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

_TYPES = frozenset({"text/html", "application/json"})
_LEAST_BYTES = 1024
_LEVEL = 5


def register(app: Flask) -> None:
    """Compress responses for which it pays."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """The response, gzipped if it is a text of some size and not encoded yet."""
    if response.mimetype not in _TYPES or response.is_streamed or response.direct_passthrough:
        return response
    response.vary.add("Accept-Encoding")
    told = response.content_encoding or "ETag" in response.headers
    if told or response.status_code in (204, 304) or request.accept_encodings["gzip"] <= 0:
        return response
    body = response.get_data()
    if len(body) >= _LEAST_BYTES:
        response.set_data(gzip.compress(body, _LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response
