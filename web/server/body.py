"""Reads the body of a request from the socket, without copying it."""

from __future__ import annotations

import mmap
import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from gunicorn.http.body import LengthReader

from web.server.paced_socket import PacedSocket

PIECE = 512 * 1024
_SMALL_PIECE = 64 * 1024  # gunicorn holds several of them for each upload
_MOST_SPARE = 8

_spare: deque[memoryview] = deque(maxlen=_MOST_SPARE)
"""Buffers to be used again, whose pages are allocated already."""

os.register_at_fork(after_in_child=_spare.clear)  # their memory is shared

Pieces = Iterator[bytes | memoryview]


class Reader(Protocol):
    """Reads pieces while the next ones are received."""

    def unhashed(self) -> int:
        """How many of the last pieces are being read."""

    def settle(self) -> None:
        """Wait until all pieces are read."""


@contextmanager
def pieces(environ: Mapping[str, Any], reader: Reader) -> Iterator[Pieces]:
    """A context with the body in pieces of at most `PIECE` bytes. In it, each is valid until `reader` has read it.

    The pieces end early if the client does, and raise `OSError` if the connection fails. A body of known length is
    received into our own buffers, because gunicorn would copy every byte three times.
    """
    buffers = _Buffers(reader)
    try:
        yield _pieces(environ, buffers)
    finally:
        buffers.give_back()


def _pieces(environ: Mapping[str, Any], buffers: _Buffers) -> Pieces:
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
            buffer = buffers.take()
            try:
                size = connection.receive_now(buffer[: reader.length])
            except BlockingIOError:
                buffers.give_back()  # a thousand clients that stall hold none
                connection.wait_to_receive()
                continue
            if not size:
                return
            reader.length -= size
            yield buffer[:size]
    except OSError:
        body.failed = True  # the start of the next request is unknown
        raise


class _Buffers:
    """The buffers of one upload: those whose pieces are being read, and the one that was taken last."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._held: deque[memoryview] = deque()

    def take(self) -> memoryview:
        """A buffer that nobody uses."""
        unread = self._reader.unhashed()
        while len(self._held) > unread:
            _spare.append(self._held.popleft())
        try:
            buffer = _spare.pop()
        except IndexError:
            buffer = memoryview(mmap.mmap(-1, PIECE))
        self._held.append(buffer)
        return buffer

    def give_back(self) -> None:
        """Leave all buffers to other uploads, once their pieces are read."""
        self._reader.settle()
        _spare.extend(self._held)
        self._held.clear()
