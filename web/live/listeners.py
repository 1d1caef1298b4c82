"""Listeners: open connections that all hear the same, written to by one thread that waits for none of them."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from pipeline.threads import keep_running
from web import counters

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b":\n\n"
_MOST_WAITING = 1024 * 1024
_SEND_BUFFER = 128 * 1024
_DEAD_AFTER_MS = 60_000
_REST = 2.0


class _Listener:
    """A connection and what it has not taken yet."""

    __slots__ = ("original", "socket", "waiting", "waiting_bytes")

    def __init__(self, connection: socket.socket, original: bool) -> None:
        self.socket = connection
        self.original = original
        self.waiting: deque[memoryview] = deque()
        self.waiting_bytes = 0


class Listeners:
    """Writes what is said to every listener, and a heartbeat. A listener that is far behind is hung up on.

    The methods may be called from any thread; what is said before `add` is not heard by the new listener, what
    is said after is.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._inbox: deque[Callable[[], None]] = deque()
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._all: set[_Listener] = set()
        self._said: list[tuple[bytes, bytes]] = []

    def start(self) -> None:
        """Serve until the process ends, in a thread of its own."""
        keep_running("listeners", self._run)

    def __len__(self) -> int:
        return len(self._all)

    def add(self, connection: socket.socket, greeting: bytes, *, original: bool = False) -> None:
        """Take over an open connection and say `greeting` to it first; `original`: who may fetch originals listens."""
        self._do(lambda: self._add(connection, greeting, original))

    def say(self, data: bytes, without_originals: bytes | None = None) -> None:
        """Say `data` to all; `without_originals`, if it is given, to those who may not fetch originals."""
        self._do(lambda: self._said.append((data, data if without_originals is None else without_originals)))

    def hang_up(self) -> None:
        """Close every connection."""
        self._do(self._hang_up)

    def _do(self, what: Callable[[], None]) -> None:
        self._inbox.append(what)
        with suppress(BlockingIOError):
            os.write(self._wake_out, b"\0")

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._hang_up()  # whoever it was that this thread stumbled over: all of them come back

    def _serve(self) -> None:
        heartbeat = time.monotonic() + HEARTBEAT_SECONDS
        while True:
            ready = self._selector.select(max(0.0, heartbeat - time.monotonic()))
            began = time.monotonic()
            if began >= heartbeat:
                heartbeat = began + HEARTBEAT_SECONDS
                self.say(HEARTBEAT)
            for key, mask in ready:
                if key.data is None:
                    with suppress(BlockingIOError):
                        os.read(self._wake_in, 4096)
                elif mask & selectors.EVENT_READ:
                    self._hear(key.data)
                else:
                    self._write(key.data)
            while self._inbox:
                self._inbox.popleft()()
            if self._said:
                self._say()
                # many listeners and many events at once: others need the processor too, and more is said in one
                time.sleep(min(0.1, _REST * (time.monotonic() - began)))

    def _add(self, connection: socket.socket, greeting: bytes, original: bool) -> None:
        self._say()
        listener = _Listener(connection, original)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if hasattr(socket, "TCP_USER_TIMEOUT"):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_AFTER_MS)
            self._selector.register(connection, selectors.EVENT_READ, listener)
        except OSError:
            connection.close()
            return
        self._all.add(listener)
        counters.LISTENERS.set(len(self._all))
        self._tell(listener, greeting)

    def _say(self) -> None:
        if not self._said:
            return
        data, without = (b"".join(part) for part in zip(*self._said, strict=True))
        self._said.clear()
        for listener in list(self._all):
            self._tell(listener, data if listener.original else without)

    def _tell(self, listener: _Listener, data: bytes) -> None:
        if not listener.waiting:
            try:
                sent = listener.socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._drop(listener)
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._selector.modify(listener.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, listener)
        listener.waiting.append(memoryview(data))
        listener.waiting_bytes += len(data)
        if listener.waiting_bytes > _MOST_WAITING and len(listener.waiting) > 1:
            self._drop(listener)

    def _write(self, listener: _Listener) -> None:
        try:
            while listener.waiting:
                sent = listener.socket.send(listener.waiting[0])
                listener.waiting_bytes -= sent
                if sent < len(listener.waiting[0]):
                    listener.waiting[0] = listener.waiting[0][sent:]
                    return
                listener.waiting.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._drop(listener)
            return
        self._selector.modify(listener.socket, selectors.EVENT_READ, listener)

    def _hear(self, listener: _Listener) -> None:
        """A listener has nothing to tell us; what it sends is thrown away, an end is an end."""
        try:
            if listener.socket.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._drop(listener)

    def _drop(self, listener: _Listener) -> None:
        self._all.discard(listener)
        counters.LISTENERS.set(len(self._all))
        with suppress(KeyError, ValueError, OSError):
            self._selector.unregister(listener.socket)
        listener.socket.close()

    def _hang_up(self) -> None:
        self._said.clear()
        for listener in list(self._all):
            self._drop(listener)
