"""Bodies of uploads are received into buffers that are used again, but not while a piece in them is being read."""

from __future__ import annotations

import mmap
import random
import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader

from web.server import body
from web.server.paced_socket import PacedSocket

LENGTH = 9_000_000


class LateHasher:
    """Hashes nothing, but looks at its pieces late, up to two behind: they must be as they were sent."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        self._dice = random.Random(3)
        self.left: list[tuple[int, bytes | memoryview]] = []
        self.received = 0

    def add(self, piece: bytes | memoryview) -> None:
        self.left.append((self.received, piece))
        self.received += len(piece)

    def unhashed(self) -> int:
        self._look_at(self._dice.randrange(3))
        return len(self.left)

    def settle(self) -> None:
        self._look_at(0)

    def _look_at(self, most: int) -> None:
        while len(self.left) > most:
            start, piece = self.left.pop(0)
            assert piece == self._sent[start : start + len(piece)]


@contextmanager
def sending(data: bytes, *, gone: bool = True) -> Iterator[dict[str, Any]]:
    """The environment of a request whose body begins with `data`; then its client is gone, or does nothing."""
    ours, theirs = socket.socketpair()
    connection = PacedSocket(fileno=ours.detach())
    connection.begin()

    def send() -> None:
        with suppress(BrokenPipeError):
            theirs.sendall(data)
        if gone:
            theirs.close()

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield {"wsgi.input": Body(LengthReader(SocketUnreader(connection), LENGTH)), "gunicorn.socket": connection}
    finally:
        connection.close()
        sender.join()
        theirs.close()


def test_a_piece_stays_as_it_is_until_it_is_look_at() -> None:
    sent = random.Random(1).randbytes(LENGTH)
    hasher = LateHasher(sent)
    with sending(sent) as environ, body.pieces(environ, hasher) as pieces:
        for piece in pieces:
            hasher.add(piece)
    assert hasher.received == LENGTH
    assert not hasher.left


@pytest.mark.parametrize("fault", [OSError, None], ids=["the volume is full", "the client is gone"])
def test_an_upload_that_ends_early_keeps_no_buffer(fault: type[Exception] | None) -> None:
    sent = random.Random(2).randbytes(3_000_000)
    hasher = LateHasher(sent)
    body._spare.clear()
    with sending(sent) as environ:
        try:
            with body.pieces(environ, hasher) as pieces:
                for piece in pieces:
                    hasher.add(piece)
                    if fault and hasher.received > 2_000_000:
                        raise fault
        except OSError:
            pass
    assert not hasher.left
    assert 1 <= len(body._spare) <= 3
    assert hasher.received < LENGTH


def test_the_bytes_that_come_with_the_header_come_first() -> None:
    sent = random.Random(4).randbytes(LENGTH)
    hasher = LateHasher(sent)
    with sending(sent[1000:]) as environ:
        environ["wsgi.input"].reader.unreader.unread(sent[:1000])
        with body.pieces(environ, hasher) as pieces:
            for piece in pieces:
                hasher.add(piece)
    assert hasher.received == LENGTH


def test_uploads_that_stall_at_once_hold_no_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    uploads, sent, made = 30, random.Random(5).randbytes(10_000), list[weakref.ref[mmap.mmap]]()
    wait_to_receive = PacedSocket.wait_to_receive
    together = threading.Barrier(uploads + 1, timeout=60)

    def make(where: int, size: int) -> mmap.mmap:
        buffer = mmap.mmap(where, size)
        made.append(weakref.ref(buffer))
        return buffer

    def stall(_: PacedSocket) -> None:
        together.wait()
        together.wait()
        raise ConnectionResetError

    def upload() -> None:
        hasher = LateHasher(sent)
        with sending(sent, gone=False) as environ, body.pieces(environ, hasher) as pieces, suppress(OSError):
            wait_to_receive(environ["gunicorn.socket"])
            piece = next(pieces)
            together.wait()
            while True:
                hasher.add(piece)
                piece = next(pieces)

    monkeypatch.setattr(body, "mmap", SimpleNamespace(mmap=make))
    monkeypatch.setattr(PacedSocket, "wait_to_receive", stall)
    body._spare.clear()
    threads = [threading.Thread(target=upload) for _ in range(uploads)]
    for thread in threads:
        thread.start()
    together.wait()  # all of them have received something
    assert len(made) >= uploads
    together.wait()  # all of them wait for more
    assert sum(buffer() is not None for buffer in made) == len(body._spare) < uploads
    together.wait()
    for thread in threads:
        thread.join()
