"""Closing connections so that the last answer arrives, without blocking on the client."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from pipeline.threads import keep_running
from web.server.descriptors import LINGERING, at_most

_SECONDS = 2.0
_BYTES = 64 * 1024


@dataclass(slots=True)
class _Lingering:
    connection: socket.socket
    until: float
    read: int = 0


class LingeringClose:
    """Closes connections as RFC 9112 (9.6) says: ends the sending side, then reads until the client closes.

    A server that closed at once, with bytes unread, would reset the connection, and the client might lose the answer.
    Each connection lingers for at most two seconds and 64 KiB; if there are too many, the oldest is closed at once.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._inbox: deque[socket.socket] = deque()
        self._open: deque[_Lingering] = deque()
        self._none_left = threading.Event()
        self._none_left.set()
        self._most = at_most(LINGERING)

    def take(self, connection: socket.socket) -> None:
        """Take over this connection and close it soon. Never waits."""
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
            if not connection.recv(4096):
                connection.close()
                return
        except BlockingIOError:
            pass
        except OSError:
            connection.close()
            return
        self._none_left.clear()
        self._inbox.append(connection)
        with suppress(BlockingIOError):
            os.write(self._wake_out, b"\0")

    def refuse(self, connection: socket.socket, answer: bytes) -> None:
        """Send a short answer if that works without waiting, and close the connection soon."""
        with suppress(OSError):
            connection.setblocking(False)
            connection.send(answer)
        self.take(connection)

    def wait(self) -> None:
        """Wait until every connection is closed, for at most two seconds."""
        self._none_left.wait(_SECONDS)

    def start(self) -> None:
        """Serve until the process ends, in a thread of its own."""
        keep_running("closing", self._run)

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            while self._open:
                self._end(self._open.popleft())

    def _serve(self) -> None:
        while True:
            wait = max(0.0, self._open[0].until - time.monotonic()) if self._open else None
            for key, _ in self._selector.select(wait):
                if key.data is None:
                    with suppress(BlockingIOError):
                        os.read(self._wake_in, 4096)
                else:
                    self._read(key.data)
            while self._inbox:
                self._begin(self._inbox.popleft())
            now = time.monotonic()
            while self._open and (self._open[0].until <= now or len(self._open) > self._most):
                self._end(self._open.popleft())
            if not self._open and not self._inbox:
                self._none_left.set()

    def _begin(self, connection: socket.socket) -> None:
        lingering = _Lingering(connection, time.monotonic() + _SECONDS)
        try:
            self._selector.register(connection, selectors.EVENT_READ, lingering)
        except (OSError, ValueError):
            connection.close()
            return
        self._open.append(lingering)

    def _read(self, lingering: _Lingering) -> None:
        try:
            data = lingering.connection.recv(16 * 1024)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        lingering.read += len(data)
        if not data or lingering.read > _BYTES:
            self._end(lingering)
            self._open.remove(lingering)

    def _end(self, lingering: _Lingering) -> None:
        with suppress(KeyError, ValueError, OSError):
            self._selector.unregister(lingering.connection)
        lingering.connection.close()
