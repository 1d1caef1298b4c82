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

_spare: deque[mmap.mmap] = deque(maxlen=_MOST_SPARE)
"""Buffers to be used again, whose pages are allocated already."""

os.register_at_fork(after_in_child=_spare.clear)  # their memory is shared

Pieces = Iterator[bytes | memoryview]


class Hasher(Protocol):
    """Hashes pieces while the next ones are received."""

    def unhashed(self) -> int:
        """How many of the last pieces are not hashed yet."""

    def settle(self) -> None:
        """Wait until all pieces are hashed."""


@contextmanager
def pieces(environ: Mapping[str, Any], hasher: Hasher) -> Iterator[Pieces]:
    """A context with the body in pieces of at most `PIECE` bytes, each of which goes to `hasher` before the next one is
    requested. It is valid until it is hashed, and in the context only.

    The pieces end early if the client does, and raise `OSError` if the connection fails. A body of known length is
    received into our own buffers, because gunicorn would copy every byte three times.
    """
    buffers = _Buffers(hasher)
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
            piece = buffers.receive(connection, reader.length)
            if piece is None:
                buffers.give_back()  # so that a thousand stalled clients hold none
                connection.wait_to_receive()
                continue
            if not piece:
                return
            reader.length -= len(piece)
            yield piece
    except OSError:
        body.failed = True  # the start of the next request is unknown
        raise


class _Buffers:
    """The buffers of one upload: those whose pieces are not hashed yet."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self._held: deque[tuple[mmap.mmap, memoryview]] = deque()

    def receive(self, connection: PacedSocket, most: int) -> bytes | memoryview | None:
        """The next piece, of at most `most` bytes: empty at the end, None if nothing has arrived. Raises `OSError`."""
        self._give_back_all_but(self._hasher.unhashed())
        try:
            buffer = _spare.pop()
        except IndexError:
            buffer = mmap.mmap(-1, PIECE)
        with memoryview(buffer) as whole, whole[:most] as room:
            try:
                size = connection.receive_now(room)
            except BlockingIOError:
                size = None
        if not size:
            _spare.append(buffer)
            return None if size is None else b""
        piece = memoryview(buffer)[:size]
        self._held.append((buffer, piece))
        return piece

    def give_back(self) -> None:
        """Leave all buffers to other uploads, once their pieces are hashed."""
        self._hasher.settle()
        self._give_back_all_but(0)

    def _give_back_all_but(self, last: int) -> None:
        while len(self._held) > last:
            buffer, piece = self._held.popleft()
            piece.release()  # or a reference left somewhere would keep the memory alive
            _spare.append(buffer)
