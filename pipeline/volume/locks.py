"""Locks on open files. A lock ends with the process that holds it, however that ends.

They work between machines if the file system's locks do: NFSv4, CephFS, EFS.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.volume.files import is_gone, is_unlinked, open_private, still_linked

_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR)
_CHECK_SECONDS = 5.0


class Busy(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path, *, wait: float) -> Iterator[int]:
    """Hold an exclusive lock on the file at `path`, made if absent; yields its descriptor.

    Waits up to `wait` seconds, then raises `Busy`.
    """
    descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
    try:
        acquire(descriptor, wait=wait)
        yield descriptor
    finally:
        os.close(descriptor)


def acquire(descriptor: int, *, wait: float) -> None:
    """Lock an open file exclusively within `wait` seconds, or raise `Busy`."""
    poll(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), wait=wait)


def poll(lock: Callable[[], None], *, wait: float) -> None:
    """Try to lock until `lock` raises no error; raises `Busy` if something is locked still after `wait` seconds."""
    end = time.monotonic() + wait
    pause = 0.001
    while True:
        try:
            lock()
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        else:
            return
        if time.monotonic() >= end:
            raise Busy
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def is_locked(path: Path) -> bool:
    """Whether another open file holds the lock on `path`; False if there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if is_gone(error):
            return False
        raise
    try:
        acquire(descriptor, wait=0)
    except Busy:
        return True
    except OSError as error:
        if is_gone(error):
            return False
        raise
    else:
        return False
    finally:
        os.close(descriptor)


def _open_and_lock(path: Path, wait: float) -> int:
    """Open the file at `path`, made if absent, and lock it.

    It is open for reading if that is enough: a volume with files that are open for writing cannot be made
    read-only. NFS locks exclusively only what is open for writing.
    """
    for mode in (os.O_RDONLY, os.O_RDWR):
        descriptor = open_private(path, mode | os.O_CREAT)
        try:
            acquire(descriptor, wait=wait)
        except OSError as error:
            os.close(descriptor)
            if error.errno != errno.EBADF or mode == os.O_RDWR:
                raise
        except BaseException:
            os.close(descriptor)
            raise
        else:
            return descriptor
    raise AssertionError("unreachable")


class LockTable:
    """Locks on a few files that are never removed, taken often and by many threads.

    Each file stays open: over a network, to open and close it would cost more than the lock itself.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._entries: dict[Path, _Entry] = {}
        self._process = os.getpid()

    @contextmanager
    def hold(self, path: Path, *, wait: float) -> Iterator[None]:
        """Hold the exclusive lock on the file at `path`, made if absent.

        Waits up to `wait` seconds, then raises `Busy`.
        """
        end = time.monotonic() + wait
        entry = self._entry(path)
        if not entry.mutex.acquire(timeout=wait):
            raise Busy
        try:
            entry.acquire(end - time.monotonic())
            try:
                yield
            finally:
                entry.release()
        finally:
            entry.mutex.release()

    def _entry(self, path: Path) -> _Entry:
        with self._guard:
            if self._process != os.getpid():  # a fork shares open files, and so would share their locks
                self._entries, self._process = {}, os.getpid()
            return self._entries.setdefault(path, _Entry(path))


class _Entry:
    """One open lock file; `mutex` keeps the threads of this process apart."""

    def __init__(self, path: Path) -> None:
        self.mutex = threading.Lock()
        self._path = path
        self._descriptor: int | None = None
        self._checked = 0.0

    def acquire(self, wait: float) -> None:
        """Lock the file, and reopen it if it was removed."""
        if self._descriptor is not None and time.monotonic() > self._checked + _CHECK_SECONDS:
            self._check()
        if self._descriptor is not None:
            try:
                acquire(self._descriptor, wait=wait)
            except OSError:
                self._close()  # the volume was away, or another one is mounted
            else:
                return
        self._descriptor = _open_and_lock(self._path, wait)
        self._checked = time.monotonic()

    def release(self) -> None:
        """Unlock the file, and keep it open."""
        assert self._descriptor is not None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        except OSError:
            self._close()

    def _check(self) -> None:
        assert self._descriptor is not None
        try:
            linked = still_linked(self._descriptor, self._path)
        except OSError:
            linked = False
        if not linked:
            self._close()
        self._checked = time.monotonic()

    def _close(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


class Presence:
    """Proof that a process is alive: a lock on a file of its own in `folder`, from the first use until the end."""

    PREFIX = "process-"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._token = ""
        self._process = 0

    def token(self) -> str:
        """The name under which other processes can check that this one is alive: eight hexadecimal digits."""
        with self._guard:
            if self._process != os.getpid():
                self._token = self._take()
                self._process = os.getpid()
            return self._token

    def is_alive(self, token: str) -> bool:
        """Whether the process with this token is alive."""
        return is_locked(self._folder / f"{self.PREFIX}{token}")

    def remove_ended(self) -> None:
        """Remove the files of processes that have ended."""
        for name in os.listdir(self._folder):
            if not name.startswith(self.PREFIX):
                continue
            path = self._folder / name
            with suppress(FileNotFoundError):
                descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    acquire(descriptor, wait=0)
                except Busy:
                    continue
                else:
                    path.unlink()
                finally:
                    os.close(descriptor)

    def _take(self) -> str:
        while True:
            token = os.urandom(4).hex()
            path = self._folder / f"{self.PREFIX}{token}"
            try:
                descriptor = _open_and_lock(path, wait=0)
            except Busy:
                continue
            # a sweep may have removed it between the two steps
            if not is_unlinked(descriptor) and still_linked(descriptor, path):
                return token  # the descriptor stays open until the process ends
            os.close(descriptor)
