"""Reads a refused upload to its end, within bounds, so that the client receives the reason.

A server that closes a connection with unread bytes resets it, and its response may be lost (RFC 9112, 9.6).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Collection
from contextlib import suppress
from typing import BinaryIO

from flask import Flask, Response, request

_BYTES = 512 * 1024 * 1024
_SECONDS = 30.0
_QUIET_SECONDS = 2.0
_CHUNK = 256 * 1024


def register(app: Flask, endpoints: Collection[str]) -> None:
    """Linger after every refused request to one of these endpoints that has a body."""

    @app.after_request
    def linger(response: Response) -> Response:
        connection = request.environ.get("gunicorn.socket")
        refused = response.status_code >= 400 and request.endpoint in endpoints
        if refused and connection is not None and (request.content_length or 0) > 0:
            body = request.environ["wsgi.input"]
            response.call_on_close(lambda: _drain(body, connection))
        return response


def _drain(body: BinaryIO, connection: socket.socket) -> None:
    """Read and discard at most 512 MiB, for at most 30 seconds, unless the client stops sending."""
    end, read, before = time.monotonic() + _SECONDS, 0, connection.gettimeout()
    with suppress(OSError):
        connection.settimeout(_QUIET_SECONDS)
        while read < _BYTES and time.monotonic() < end and (chunk := body.read(_CHUNK)):
            read += len(chunk)
        connection.settimeout(before)
