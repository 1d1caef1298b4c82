"""The hash of an upload, computed on a second core while the same bytes are written and the next ones received."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

_MOST_PENDING = 2
_WORTH_A_THREAD = 128 * 1024

Update = Callable[[bytes | memoryview], None]
"""The method of a hash that adds bytes to it."""


class UploadHash:
    """SHA-256 of bytes that come in pieces."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._update: Update = self._hash.update
        self._pending: deque[Future[None]] = deque()

    def add(self, piece: bytes | memoryview) -> None:
        """Add `piece`. It must not change while it is among the last ones that are `unhashed`."""
        if len(piece) >= _WORTH_A_THREAD:
            self._settle(_MOST_PENDING - 1)
            if task := _helper.start(self._update, piece):
                self._pending.append(task)
                return
        self.settle()
        self._update(piece)

    def unhashed(self) -> int:
        """How many of the last pieces are not hashed yet."""
        while self._pending and self._pending[0].done():
            self._pending.popleft().result()
        return len(self._pending)

    def settle(self) -> None:
        """Wait until all pieces are hashed."""
        self._settle(0)

    def hexdigest(self) -> str:
        """The hash of all pieces so far, in hex."""
        self.settle()
        return self._hash.hexdigest()

    def _settle(self, most: int) -> None:
        """Wait until at most that many pieces are not hashed yet."""
        while len(self._pending) > most:
            self._pending.popleft().result()


class _Helper:
    """One thread of this process. While it is busy, or if none can be started, others hash for themselves.

    The pieces of one upload follow each other in it without a pause: waking a thread takes as long as hashing 200 KB.
    """

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock, self._tried = Lock(), False
        self._pool: ThreadPoolExecutor | None = None
        self._current: Update | None = None
        self._left = 0  # pieces of it

    def start(self, update: Update, piece: bytes | memoryview) -> Future[None] | None:
        """Begin to add `piece` to a hash, after earlier pieces of it; `None` if the caller has to do it."""
        with self._lock:
            if self._left and self._current is not update:
                return None
            if not self._tried:
                self._pool = _one_thread()
                self._tried = True
            if self._pool is None:
                return None
            self._current = update
            self._left += 1
        try:
            task = self._pool.submit(update, piece)
        except RuntimeError:  # this process ends, and lets the uploads in it end first
            self._ended()
            return None
        task.add_done_callback(self._ended)
        return task

    def _ended(self, _task: Future[None] | None = None) -> None:
        with self._lock:
            self._left -= 1


def _one_thread() -> ThreadPoolExecutor | None:
    """A pool whose one thread runs: a task given to a pool that can't start one would lie there, and run later."""
    pool = ThreadPoolExecutor(1, "hash")
    try:
        pool.submit(int).result()
    except RuntimeError:
        return None
    return pool


_helper = _Helper()
