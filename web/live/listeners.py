"""Listeners: open connections, all served the same data by one thread that never waits for any of them."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from pipeline.threads import keep_running, rest_since
from web import counters

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b":\n\n"
_MOST_WAITING = 1024 * 1024
_SEND_BUFFER = 32 * 1024
_DEAD_AFTER_MS = 60_000
_REST = 2.0


class _Listener:
    """A connection, the data for it alone, and its position in the data for all."""

    __slots__ = ("first", "next", "original", "sent", "socket", "waiting", "when_gone")

    def __init__(
        self, connection: socket.socket, first: Iterable[bytes], when_gone: Callable[[], None], original: bool
    ) -> None:
        self.socket = connection
        self.first = deque(first)
        self.next = 0
        self.sent = 0
        self.waiting = False
        self.when_gone = when_gone
        self.original = original


class Listeners:
    """Writes all data and a heartbeat to every listener. Disconnects a listener that is too far behind.

    The data is held once for all, or twice if only some may fetch originals, and at most 1 MiB of it. A listener
    whose next piece was dropped is too far behind. So memory does not grow with listeners that read nothing.

    The methods may be called from any thread. A new listener gets what is sent after `add`, and nothing before.
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
        # By consecutive number: the data for listeners who may fetch originals, and for the others.
        self._pieces: dict[int, tuple[bytes, bytes]] = {}
        self._pieces_bytes = 0
        self._end = 0

    def start(self) -> None:
        """Serve until the process ends, in a thread of its own."""
        keep_running("listeners", self._run)

    def __len__(self) -> int:
        return len(self._all)

    def add(
        self,
        connection: socket.socket,
        greeting: bytes,
        missed: Iterable[bytes] = (),
        when_gone: Callable[[], None] = lambda: None,
        *,
        original: bool = False,
    ) -> None:
        """Take over an open connection; sends `greeting`, then what it `missed`, which may be shared.

        `when_gone` is called once, when the connection is closed. `original`: who may fetch originals listens.
        """
        first = filter(None, (greeting, *missed))
        self._do(lambda: self._add(_Listener(connection, first, when_gone, original)))

    def say(self, data: bytes, without_originals: bytes | None = None) -> None:
        """Send `data` to all, but `without_originals`, if given, to those who may not fetch originals."""
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
            self._hang_up()  # whichever listener caused the error, all of them reconnect

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
                # With many listeners and events, pause: other threads need the processor, and one write can take more.
                rest_since(began, times=_REST, at_most=0.1)

    def _add(self, listener: _Listener) -> None:
        self._say()
        listener.next = self._end
        connection = listener.socket
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
            listener.when_gone()
            return
        self._all.add(listener)
        counters.LISTENERS.set(len(self._all))
        self._write(listener)

    def _say(self) -> None:
        if not self._said:
            return
        data, without = (b"".join(part) for part in zip(*self._said, strict=True))
        piece = (data, data if data == without else without)
        self._said.clear()
        self._pieces[self._end] = piece
        self._pieces_bytes += len(data)
        self._end += 1
        while self._pieces_bytes > _MOST_WAITING and len(self._pieces) > 1:
            self._pieces_bytes -= len(self._pieces.pop(next(iter(self._pieces)))[0])
        oldest = next(iter(self._pieces))
        for listener in list(self._all):
            if listener.next < oldest:
                self._drop(listener)
            elif not listener.waiting:
                self._write(listener)

    def _write(self, listener: _Listener) -> None:
        """Send what a listener has not received yet, without waiting."""
        try:
            while piece := self._next(listener):
                with memoryview(piece) as view:
                    listener.sent += listener.socket.send(view[listener.sent :] if listener.sent else view)
                if listener.sent < len(piece):
                    continue
                listener.sent = 0
                if listener.first:
                    listener.first.popleft()
                else:
                    listener.next += 1
        except BlockingIOError:
            self._wait(listener, True)
        except OSError:
            self._drop(listener)
        else:
            self._wait(listener, False)

    def _next(self, listener: _Listener) -> bytes | None:
        if listener.first:
            return listener.first[0]
        piece = self._pieces.get(listener.next)
        return piece and piece[0 if listener.original else 1]

    def _wait(self, listener: _Listener, waiting: bool) -> None:
        """Start or stop watching for when a listener can receive more."""
        if waiting is not listener.waiting:
            listener.waiting = waiting
            events = selectors.EVENT_READ | selectors.EVENT_WRITE if waiting else selectors.EVENT_READ
            self._selector.modify(listener.socket, events, listener)

    def _hear(self, listener: _Listener) -> None:
        """Discard what a listener sends; close the connection when it ends."""
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
        listener.when_gone()

    def _hang_up(self) -> None:
        self._said.clear()
        for listener in list(self._all):
            self._drop(listener)
