"""The body of a request, from the socket to the hand that takes it, without a copy in between."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from typing import Any

from gunicorn.http.body import LengthReader

from web.server.paced_socket import PacedSocket

PIECE = 512 * 1024
_SMALL_PIECE = 64 * 1024  # gunicorn holds several of them for each upload


def pieces(environ: Mapping[str, Any]) -> Iterator[bytes | memoryview]:
    """The body in pieces of at most `PIECE` bytes, each good until the next is asked for.

    Ends early where the client does, and raises `OSError` where the connection fails. A body of known length is
    received into one buffer: gunicorn's own way of handing it out copies every byte three times.
    """
    body, connection = environ["wsgi.input"], environ.get("gunicorn.socket")
    reader = getattr(body, "reader", None)
    if not isinstance(reader, LengthReader) or not isinstance(connection, PacedSocket):
        while piece := body.read(_SMALL_PIECE):
            yield piece
        return
    ahead: bytes = reader.unreader.take_buffered()  # came with the request's head
    reader.unreader.unread(ahead[reader.length :])
    # gunicorn is to know how much is left: it looks for the next request there
    if ahead := ahead[: reader.length]:
        reader.length -= len(ahead)
        yield ahead
    if not reader.length:
        return
    # memory that is held only as far as it was filled: a thousand slow clients never fill it far
    buffer = memoryview(mmap.mmap(-1, min(PIECE, reader.length)))
    try:
        while reader.length and (size := connection.recv_into(buffer[: reader.length])):
            reader.length -= size
            yield buffer[:size]
    except OSError:
        body.failed = True  # where the next request begins is not known
        raise
