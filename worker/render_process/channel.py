"""The worker's end of the socket to its render process: nothing that comes in is longer or later than allowed."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

import msgspec

from worker.render_process.frames import LENGTH, MOST_BYTES, Answer, decode_answer, encode

BEAT_SECONDS = 5.0
_READ_BYTES = 256 * 1024


class BrokenProtocol(Exception):
    """The render process sent what it never sends: its decoder was taken over, or is broken."""


class Late(Exception):
    """Nothing whole arrived in time."""


class Channel:
    """Frames to and from a render process; ends with `close`.

    Raises `EOFError` or `ConnectionError` if the process is gone.
    """

    def __init__(self, ours: socket.socket) -> None:
        self._socket = ours
        self._socket.settimeout(BEAT_SECONDS)
        self._poll = select.poll()
        self._poll.register(ours, select.POLLIN)
        self._buffer = bytearray()

    def is_quiet(self) -> bool:
        """Whether nothing has come in that nobody asked for: it would be taken for the next answer."""
        return not self._buffer and not self._poll.poll(0)

    def send(self, message: msgspec.Struct, *descriptors: int) -> None:
        """Send a frame, and open descriptors with it."""
        socket.send_fds(self._socket, [encode(message)], descriptors)

    def receive(self, end: float, beat: Callable[[], None]) -> Answer:
        """The next answer; calls `beat` every few seconds, and raises `Late` at the moment `end` (monotonic).

        Raises `BrokenProtocol` for what is too long, or no answer.
        """
        while (size := self._size()) is None or len(self._buffer) < LENGTH.size + size:
            if not self._poll.poll(1000 * min(BEAT_SECONDS, max(0.0, end - time.monotonic()))):
                beat()
            else:
                self._fill()
            if time.monotonic() >= end:
                raise Late
        body = bytes(memoryview(self._buffer)[LENGTH.size : LENGTH.size + size])
        del self._buffer[: LENGTH.size + size]
        try:
            return decode_answer(body)
        except msgspec.MsgspecError as error:
            raise BrokenProtocol(f"its answer cannot be read: {error}") from None

    def _size(self) -> int | None:
        if len(self._buffer) < LENGTH.size:
            return None
        (size,) = LENGTH.unpack_from(self._buffer)
        if size > MOST_BYTES:
            raise BrokenProtocol(f"it announced an answer of {size} bytes")
        return int(size)

    def _fill(self) -> None:
        chunk = self._socket.recv(_READ_BYTES)
        if not chunk:
            raise EOFError
        self._buffer += chunk

    def close(self) -> None:
        """Close the socket; the process ends by that."""
        self._socket.close()
