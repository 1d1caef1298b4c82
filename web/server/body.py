"""Reads the body of a request from the socket, without copying it."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from typing import Any

from gunicorn.http.body import LengthReader

from web.server.paced_socket import PacedSocket

PIECE = 512 * 1024
_SMALL_PIECE = 64 * 1024  # gunicorn holds several of them for each upload


def pieces(environ: Mapping[str, Any]) -> Iterator[bytes | memoryview]:
    """The body in pieces of at most `PIECE` bytes, each valid until the next one is requested.

    Ends early if the client does, and raises `OSError` if the connection fails. A body of known length is received
    into one buffer, because gunicorn would copy every byte three times.
    """
    body, connection = environ["wsgi.input"], environ.get("gunicorn.socket")
    reader = getattr(body, "reader", None)
    if not isinstance(reader, LengthReader) or not isinstance(connection, PacedSocket):
        while piece := body.read(_SMALL_PIECE):
            yield piece
        return
    ahead: bytes = reader.unreader.take_buffered()  # arrived with the request's header
    reader.unreader.unread(ahead[reader.length :])
    # Gunicorn must know how much is left, because the next request starts there.
    if ahead := ahead[: reader.length]:
        reader.length -= len(ahead)
        yield ahead
    if not reader.length:
        return
    # The kernel allocates only the pages that are written, and a thousand slow clients write few.
    buffer = memoryview(mmap.mmap(-1, min(PIECE, reader.length)))
    try:
        while reader.length and (size := connection.recv_into(buffer[: reader.length])):
            reader.length -= size
            yield buffer[:size]
    except OSError:
        body.failed = True  # the start of the next request is unknown
        raise
