"""Bodies of uploads are received into buffers that are used again, but not while a piece in them is being read."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader

from web.server import body
from web.server.paced_socket import PacedSocket

LENGTH = 9_000_000


class LateReader:
    """Reads its pieces late: up to two are always left, which then must be as they were sent."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        self._dice = random.Random(3)
        self._left: list[tuple[int, bytes | memoryview]] = []
        self.received = 0

    def add(self, piece: bytes | memoryview) -> None:
        self._left.append((self.received, piece))
        self.received += len(piece)

    def unhashed(self) -> int:
        self._read(self._dice.randrange(3))
        return len(self._left)

    def settle(self) -> None:
        self._read(0)

    def _read(self, most: int) -> None:
        while len(self._left) > most:
            start, piece = self._left.pop(0)
            assert piece == self._sent[start : start + len(piece)]


@contextmanager
def sending(data: bytes, length: int = LENGTH) -> Iterator[dict[str, Any]]:
    """The environment of a request whose body of `length` bytes begins with `data`; then its client is gone."""
    ours, theirs = socket.socketpair()
    connection = PacedSocket(fileno=ours.detach())
    connection.begin()

    def send() -> None:
        with theirs, suppress(BrokenPipeError):
            theirs.sendall(data)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield {"wsgi.input": Body(LengthReader(SocketUnreader(connection), length)), "gunicorn.socket": connection}
    finally:
        connection.close()
        sender.join()


def test_a_piece_stays_as_it_is_until_it_is_read() -> None:
    sent = random.Random(1).randbytes(LENGTH)
    reader = LateReader(sent)
    with sending(sent) as environ, body.pieces(environ, reader) as pieces:
        for piece in pieces:
            reader.add(piece)
    assert reader.received == LENGTH


@pytest.mark.parametrize("fault", [OSError, None], ids=["the reader fails", "the client is gone"])
def test_an_upload_that_ends_early_keeps_no_buffer(fault: type[Exception] | None) -> None:
    sent = random.Random(2).randbytes(3_000_000)
    reader = LateReader(sent)
    body._spare.clear()
    with sending(sent) as environ:
        try:
            with body.pieces(environ, reader) as pieces:
                for piece in pieces:
                    reader.add(piece)
                    if fault and reader.received > 2_000_000:
                        raise fault
        except OSError:
            pass
    assert 1 <= len(body._spare) <= 3
    assert reader.received < LENGTH


def test_the_bytes_that_come_with_the_header_come_first() -> None:
    sent = random.Random(4).randbytes(LENGTH)
    reader = LateReader(sent)
    with sending(sent[1000:]) as environ:
        environ["wsgi.input"].reader.unreader.unread(sent[:1000])
        with body.pieces(environ, reader) as pieces:
            for piece in pieces:
                reader.add(piece)
    assert reader.received == LENGTH
