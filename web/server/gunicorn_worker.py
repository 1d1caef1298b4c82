"""Gunicorn's threaded worker for clients of every kind: the slow ones are let go, and none takes all connections."""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from pipeline.settings import Settings

_BYTES_PER_SECOND = 4096
_SEND_SECONDS = 60.0
_MOST_RECEIVED = 64 * 1024
_WHY = (
    b'{"type": "about:blank#too-many-connections", "title": "Too many connections", "status": 429, '
    b'"detail": "Close some of your connections.", "code": "too-many-connections"}'
)
_TOO_MANY = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/problem+json\r\nRetry-After: 2\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(_WHY), _WHY)
)


class PacedSocket(socket.socket):
    """A client's connection, on which waiting has an end.

    Of each request, all the waiting together may take `patience` seconds, and a second more for every 4 KiB
    that came: who sends at that pace or faster is never cut off, who sends a byte now and then is.
    """

    patience = 30.0
    _waited = 0.0
    _received = 0
    _let_go: Callable[[], None] | None = None

    def begin(self) -> None:
        """A new request: its waiting is counted anew."""
        self._waited, self._received = 0.0, 0

    def when_closed(self, call: Callable[[], None]) -> None:
        """Call once, when the connection is closed."""
        self._let_go = call

    def recv(self, size: int, flags: int = 0) -> bytes:
        """As of any socket, 64 KiB at the most; a client that is too slow counts as gone.

        So much the parser of forms takes at once: of more, gunicorn would copy all that is left for every piece.
        """
        self._wait()
        data = super().recv(min(size, _MOST_RECEIVED), flags)
        self._received += len(data)
        return data

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """As of any socket; a client that is too slow counts as gone."""
        self._wait()
        size = super().recv_into(buffer, size, flags)
        self._received += size
        return size

    def _wait(self) -> None:
        """Until something came, or the client's time is up."""
        began = time.monotonic()
        left = self.patience + self._received / _BYTES_PER_SECOND - self._waited
        given = self.gettimeout()
        wait = left if given is None else min(left, given)
        poll = select.poll()
        poll.register(self, select.POLLIN)
        ready = poll.poll(max(0.0, min(wait, _SEND_SECONDS)) * 1000)
        self._waited += time.monotonic() - began
        if not ready and given is not None and given < left and given < _SEND_SECONDS:
            raise TimeoutError("nothing came")
        if not ready:
            raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")

    def setblocking(self, flag: bool) -> None:
        """Blocking means: as long as a client takes something once a minute."""
        self.settimeout(_SEND_SECONDS if flag else 0.0)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As of any socket; a client that takes nothing counts as gone."""
        try:
            super().sendall(data, flags)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client takes nothing") from error

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """As of any socket; a client that takes nothing counts as gone."""
        try:
            return super().sendfile(file, offset, count)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the client takes nothing") from error

    def close(self) -> None:
        """As of any socket."""
        call, self._let_go = self._let_go, None
        if call is not None:
            call()
        super().close()


class GalleryWorker(ThreadWorker):  # type: ignore[misc]
    """`ThreadWorker` with paced connections, of which each address may hold so many at once."""

    def init_process(self) -> None:
        """Read the limits, then begin."""
        settings = Settings.from_environment()
        PacedSocket.patience = float(settings.slow_seconds)
        # behind a proxy all connections are the proxy's; its callers are told apart in `web.access.throttling`
        self._most = 0 if settings.trusted_proxies else settings.client_connections
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection, unless its address holds too many."""
        try:
            connection, client = listener.accept()
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        address = client[0] if isinstance(client, tuple) else "local"
        with self._lock:
            full = 0 < self._most <= self._held[address]
            if not full:
                self._held[address] += 1
        if full:
            _refuse(connection)
            return
        paced = PacedSocket(fileno=connection.detach())
        paced.when_closed(lambda: self._let_go(address))
        paced.setblocking(True)
        self.nr_conns += 1
        self.enqueue_req(TConn(self.cfg, paced, client, listener.getsockname()))

    def handle(self, conn: TConn) -> Any:
        """Handle one request of a connection."""
        if isinstance(conn.sock, PacedSocket):
            conn.sock.begin()
        return super().handle(conn)

    def _let_go(self, address: str) -> None:
        with self._lock:
            self._held[address] -= 1
            if self._held[address] <= 0:
                del self._held[address]


def _refuse(connection: socket.socket) -> None:
    try:
        connection.setblocking(False)
        connection.send(_TOO_MANY)
    except OSError:
        pass
    finally:
        connection.close()
