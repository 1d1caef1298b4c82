"""The hash of an upload, computed on a second core while the same bytes are written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

_WORTH_A_THREAD = 128 * 1024


class UploadHash:
    """SHA-256 of bytes that come in pieces."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    @contextmanager
    def adding(self, piece: bytes | memoryview) -> Iterator[None]:
        """Hash `piece` while the body of the `with` statement runs; it must not change before the end."""
        wait = _helper.start(self._hash.update, piece) if len(piece) >= _WORTH_A_THREAD else None
        if wait is None:
            self._hash.update(piece)
        try:
            yield
        finally:
            if wait:
                wait()

    def hexdigest(self) -> str:
        """The hash of all pieces so far, in hex."""
        return self._hash.hexdigest()


class _Helper:
    """One thread of this process. While it is busy, or if none can be started, others hash for themselves."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._free, self._tried = Lock(), False
        self._pool: ThreadPoolExecutor | None = None

    def start(self, add: Callable[[bytes | memoryview], None], piece: bytes | memoryview) -> Callable[[], None] | None:
        """Begin to add `piece` to a hash; what waits for the end of it, or `None` if the caller has to do it."""
        if not self._free.acquire(blocking=False):
            return None
        if not self._tried:
            self._pool = _one_thread()
            self._tried = True
        if self._pool is None:
            self._free.release()
            return None
        try:
            task = self._pool.submit(add, piece)
        except RuntimeError:  # this process ends, and lets the uploads in it end first
            self._free.release()
            return None
        task.add_done_callback(lambda _: self._free.release())
        return task.result


def _one_thread() -> ThreadPoolExecutor | None:
    """A pool whose one thread runs: a task given to a pool that can't start one would lie there, and run later."""
    pool = ThreadPoolExecutor(1, "hash")
    try:
        pool.submit(int).result()
    except RuntimeError:
        return None
    return pool


_helper = _Helper()
