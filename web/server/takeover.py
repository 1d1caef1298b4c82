"""Takes a connection over from gunicorn, for endless responses that should not hold a thread."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any


def can_take_over(environ: Mapping[str, Any]) -> bool:
    """Whether the server of this request hands over its connection: gunicorn does, over plain HTTP/1."""
    server = environ.get("gunicorn.socket")
    plain = environ.get("SERVER_PROTOCOL") in ("HTTP/1.0", "HTTP/1.1") and environ.get("HTTP_VERSION") != "2"
    return plain and isinstance(server, socket.socket) and not isinstance(server, ssl.SSLSocket)


def take_over(environ: Mapping[str, Any]) -> socket.socket:
    """Return the connection of this request, now the caller's. The caller must then raise `StopIteration`.

    That tells gunicorn that the response is complete. Gunicorn is left with a socket that has already ended, and closes
    it as usual.
    """
    server: socket.socket = environ["gunicorn.socket"]
    connection = socket.socket(fileno=os.dup(server.fileno()))
    ended, other = socket.socketpair()
    with ended, other:
        os.dup2(ended.fileno(), server.fileno(), inheritable=False)
    return connection
