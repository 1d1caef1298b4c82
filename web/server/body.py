"""Reads the body of a request from the socket, without copying it."""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, Protocol

from gunicorn.http.body import LengthReader

from web.server.paced_socket import PacedSocket

PIECE = 512 * 1024
_SMALL_PIECE = 64 * 1024  # gunicorn holds several of them for each upload
_MOST_SPARE = 8
_MOST_EXTRA = 8

_spare: deque[memoryview] = deque(maxlen=_MOST_SPARE)
"""Buffers to be used again, whose pages are allocated already."""

_extra = BoundedSemaphore(_MOST_EXTRA)
"""For each buffer beyond the first of an upload: a client that stops sending keeps what it has."""

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
            buffer = buffers.unused()
            if not (size := connection.recv_into(buffer[: reader.length])):
                return
            reader.length -= size
            yield buffer[:size]
    except OSError:
        body.failed = True  # the start of the next request is unknown
        raise


class _Buffers:
    """The buffers of one upload: one, and more for the pieces that are being read, if there are any."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._held: deque[memoryview] = deque()  # the one used last is the last

    def unused(self) -> memoryview:
        """The buffer to be filled next."""
        unread = self._reader.unhashed()
        while len(self._held) > unread + 1:
            _spare.append(self._held.popleft())
            _extra.release()
        if len(self._held) > unread:
            self._held.rotate(-1)
        elif not self._held or _extra.acquire(blocking=False):
            self._held.append(_new())
        else:
            self._reader.settle()
            self._held.rotate(-1)
        return self._held[-1]

    def give_back(self) -> None:
        """Leave all buffers to other uploads."""
        for number, buffer in enumerate(self._held):
            _spare.append(buffer)
            if number:
                _extra.release()
        self._held.clear()


def _new() -> memoryview:
    """A buffer that nobody uses. The kernel allocates only the pages that are written, and slow clients write few."""
    try:
        return _spare.pop()
    except IndexError:
        return memoryview(mmap.mmap(-1, PIECE))
