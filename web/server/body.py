"""Reads the body of a request from the socket, without copying it."""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gunicorn.http.body import LengthReader

from web.server.paced_socket import PacedSocket

PIECE = 1024 * 1024
_SMALL_PIECE = 64 * 1024  # gunicorn holds several of them for each upload
_MOST_SPARE = 8

Pieces = Iterator[bytes | memoryview]
_spare: deque[memoryview] = deque(maxlen=_MOST_SPARE)
"""Buffers to be used again: the pages of a new one are allocated one by one as they are written."""


@contextmanager
def pieces(environ: Mapping[str, Any], unread: Callable[[], int] = lambda: 0) -> Iterator[Pieces]:
    """A context with the body in pieces of at most `PIECE` bytes, each valid in it until the next one is requested.

    If `unread` says that the last few pieces are still being read then, these stay valid as well. The pieces end early
    if the client does, and raise `OSError` if the connection fails. A body of known length is received into our own
    buffers, because gunicorn would copy every byte three times.
    """
    buffers: deque[memoryview] = deque()
    try:
        yield _pieces(environ, buffers, unread)
    finally:
        _spare.extend(buffers)


def _pieces(environ: Mapping[str, Any], buffers: deque[memoryview], unread: Callable[[], int]) -> Pieces:
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
    try:
        while reader.length:
            buffer = _unused(buffers, unread())
            if not (size := connection.recv_into(buffer[: reader.length])):
                return
            reader.length -= size
            yield buffer[:size]
    except OSError:
        body.failed = True  # the start of the next request is unknown
        raise


def _unused(buffers: deque[memoryview], unread: int) -> memoryview:
    """The buffer to be filled next, as the last of `buffers`: of those before it, only `unread` are kept."""
    while len(buffers) > unread + 1:
        _spare.append(buffers.popleft())
    if len(buffers) <= unread:
        buffers.append(_spare.pop() if _spare else memoryview(mmap.mmap(-1, PIECE)))
    else:
        buffers.rotate(-1)
    return buffers[-1]
