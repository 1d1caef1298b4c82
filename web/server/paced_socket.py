"""A client's connection with a minimum speed, for both sending and receiving."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

BYTES_PER_SECOND = 4096
_MOST_RECEIVED = 64 * 1024
_MOST_UNSENT = 128 * 1024
_MOST_AT_ONCE = 1 << 30
AroundWaits = tuple[Callable[[], None], Callable[[], None]]
"""What is called before and after each wait for a client."""

_NO_SENDFILE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSOCK, errno.EOPNOTSUPP)


class PacedSocket(socket.socket):
    """A connection that is cut off once its client falls `patience` seconds behind 4 KiB a second.

    Each second of waiting for the client puts it one second behind; each 4 KiB that it sends or receives makes up for
    one. Credit is not saved up: a client that stops is cut off `patience` seconds later.

    Ordinary socket time-outs apply too. The underlying socket never blocks.
    """

    patience = 30.0

    def __init__(self, fileno: int) -> None:
        super().__init__(fileno=fileno)
        super().setblocking(False)
        self._timeout: float | None = None
        self._patience = self.patience
        self.probes = False
        self._behind = 0.0
        self._when_closed: Callable[[], None] | None = None
        self._when_answered: list[Callable[[], None]] = []
        self._around_waits: AroundWaits | None = None
        # How much of a response fits into the kernel's buffer: a client that reads nothing leaves it there.
        with suppress(OSError, AttributeError):
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)

    def begin(self, patience: float | None = None, around: AroundWaits | None = None) -> None:
        """Begin a new request: the client is not behind. A probe has its own `patience`; `around` is for all others."""
        self.probes = patience is not None
        self._around_waits = around
        self._patience = self.patience if patience is None else patience
        self._behind = 0.0

    def when_closed(self, call: Callable[[], None]) -> None:
        """Call once, when the connection is closed."""
        self._when_closed = call

    def when_answered(self, call: Callable[[], None]) -> None:
        """Call once, when the answer to the current request has been sent, or could not be."""
        self._when_answered.append(call)

    def around_waits(self, before: Callable[[], None], after: Callable[[], None]) -> None:
        """Call these whenever the current request has to wait for the client."""
        self._around_waits = before, after

    @property
    def has_place(self) -> bool:
        """Whether the request has its caller's place already: then something is called around its waits."""
        return self._around_waits is not None

    def answered(self) -> None:
        """End the current request."""
        self._around_waits = None
        calls, self._when_answered = self._when_answered, []
        for call in calls:
            call()

    def settimeout(self, value: float | None) -> None:
        """As of any socket."""
        self._timeout = value

    def gettimeout(self) -> float | None:
        """As of any socket."""
        return self._timeout

    def setblocking(self, flag: bool) -> None:
        """As of any socket."""
        self._timeout = None if flag else 0.0

    def recv(self, size: int, flags: int = 0) -> bytes:
        """As of any socket, 64 KiB at the most: of more, gunicorn would copy all that is left for every piece."""
        while True:
            try:
                data = super().recv(min(size, _MOST_RECEIVED), flags)
            except BlockingIOError:
                self._wait(select.POLLIN)
            else:
                self._moved(len(data))
                return data

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """As of any socket."""
        while True:
            try:
                return self.receive_now(buffer, size, flags)
            except BlockingIOError:
                self.wait_to_receive()

    def receive_now(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """As `recv_into`, but raises `BlockingIOError` if nothing has arrived."""
        size = super().recv_into(buffer, size, flags)
        self._moved(size)
        return size

    def wait_to_receive(self) -> None:
        """Wait until something arrives. Raises `ConnectionResetError` if the client is too slow, and an error on
        time-out."""
        self._wait(select.POLLIN)

    def send(self, data: Any, flags: int = 0) -> int:
        """As of any socket."""
        while True:
            try:
                size = super().send(data, flags)
            except BlockingIOError:
                self._wait(select.POLLOUT)
            else:
                self._moved(size)
                return size

    def sendall(self, data: Any, flags: int = 0) -> None:
        """As of any socket."""
        with memoryview(data) as view, view.cast("B") as left:
            sent = 0
            while sent < len(left):
                sent += self.send(left[sent:], flags)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """As of any socket; returns the bytes sent."""
        most = _MOST_AT_ONCE if count is None else count
        sent = 0
        while sent < most:
            try:
                size = os.sendfile(self.fileno(), file.fileno(), offset + sent, min(most - sent, _MOST_AT_ONCE))
            except BlockingIOError:
                self._wait(select.POLLOUT)
                continue
            except OSError as error:
                if sent or error.errno not in _NO_SENDFILE:
                    raise
                return self._send_pieces(file, offset, most)
            if not size:
                break
            sent += size
            self._moved(size)
        return sent

    def _send_pieces(self, file: IO[bytes], offset: int, most: int) -> int:
        file.seek(offset)
        sent = 0
        while sent < most and (piece := file.read(min(most - sent, _MOST_RECEIVED))):
            self.sendall(piece)
            sent += len(piece)
        return sent

    def _moved(self, size: int) -> None:
        self._behind = max(0.0, self._behind - size / BYTES_PER_SECOND)

    def _wait(self, event: int) -> None:
        """Wait for the client. Raises `ConnectionResetError` if it is too slow, and an error on time-out."""
        if self._timeout == 0.0:
            raise BlockingIOError(errno.EAGAIN, "the client is not there yet")
        began = time.monotonic()
        left = max(0.0, self._patience - self._behind)
        wait = left if self._timeout is None else min(left, self._timeout)
        poll = select.poll()
        poll.register(self, event)
        before, after = self._around_waits or (None, None)
        if before is not None:
            before()
        try:
            ready = poll.poll(wait * 1000)
            self._behind += time.monotonic() - began
        finally:
            if after is not None:
                after()
        if ready:
            return
        if wait < left:
            raise TimeoutError("the client did nothing for a while")
        raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")

    def close(self) -> None:
        """As of any socket."""
        call, self._when_closed = self._when_closed, None
        if call is not None:
            call()
        super().close()


def when_answered(environ: Mapping[str, Any], call: Callable[[], None]) -> bool:
    """Call once the answer to this request has been sent, or could not be; False if the server is not ours."""
    connection = environ.get("gunicorn.socket")
    if not isinstance(connection, PacedSocket):
        return False
    connection.when_answered(call)
    return True


def around_waits(environ: Mapping[str, Any], before: Callable[[], None], after: Callable[[], None]) -> None:
    """Call these whenever this request, which `when_answered` has accepted, has to wait for its client."""
    environ["gunicorn.socket"].around_waits(before, after)


def has_place(environ: Mapping[str, Any]) -> bool:
    """Whether this request, which `when_answered` has accepted, got its place before it got a thread."""
    return bool(environ["gunicorn.socket"].has_place)


def is_probe(environ: Mapping[str, Any]) -> bool:
    """Whether one of the threads for probes answers this request; true if the server is not ours."""
    return bool(getattr(environ.get("gunicorn.socket"), "probes", True))
