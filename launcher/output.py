"""The output of all services on one stream. A reader that is slow or gone never blocks a service."""

from __future__ import annotations

import errno
import queue
import select
import threading
from datetime import datetime
from typing import TextIO

from honcho.printer import Message, Printer

_WAITING_LINES = 10_000
_GONE = frozenset({errno.EPIPE, errno.EIO, errno.ENXIO, errno.ECONNRESET, errno.EBADF})


class Output:
    """Prints lines in its own thread. Drops lines if the reader is too slow, and says how many."""

    def __init__(self, stream: TextIO, width: int) -> None:
        self._stream = stream
        self._printer = Printer(stream, width=width)
        self._lines = queue.Queue[Message | str | None](_WAITING_LINES)
        self._dropped = 0
        self._is_gone = False
        self._writer = threading.Thread(target=self._print_all, daemon=True)
        self._writer.start()

    def line(self, name: str, data: bytes | str, colour: str | None = None) -> None:
        """Print a line of the service `name`."""
        self._put(Message("line", data, datetime.now(), name, colour))  # noqa: DTZ005 - the time on the reader's wall

    def note(self, text: str) -> None:
        """Print a line of the launcher itself."""
        self._put(text)

    def is_gone(self) -> bool:
        """Whether the terminal was closed, or the pipe's reader has ended."""
        if not self._is_gone:
            poll = select.poll()
            try:
                poll.register(self._stream.fileno(), 0)
                self._is_gone = any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
            except (OSError, ValueError):
                self._is_gone = True
        return self._is_gone

    def close(self, seconds: float) -> None:
        """Print the remaining lines, for at most `seconds`."""
        self._put(None)
        self._writer.join(seconds)

    def _put(self, item: Message | str | None) -> None:
        try:
            self._lines.put_nowait(item)
        except queue.Full:
            self._dropped += 1

    def _print_all(self) -> None:
        while not self._is_gone and (item := self._lines.get()) is not None:
            try:
                self._print(item)
                if self._dropped and self._lines.empty():
                    dropped, self._dropped = self._dropped, 0
                    self._print(f"{dropped} lines were dropped: the reader is too slow.")
            except OSError as error:
                self._is_gone = error.errno in _GONE  # a full disk, for example, costs lines and stops nothing

    def _print(self, item: Message | str) -> None:
        if isinstance(item, str):
            print(item, file=self._stream, flush=True)
        else:
            self._printer.write(item)
