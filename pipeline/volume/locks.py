"""Locks that belong to an open file and end with the process that holds it, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: Path, *, wait: float) -> Iterator[int]:
    """Hold an exclusive lock on the file at `path`, made if absent; yields its descriptor.

    The lock belongs to the open file and ends with the process, however it ends. Waits up to `wait` seconds,
    then raises `Busy`. Works across machines where the file system does: NFSv4, CephFS, EFS.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        acquire(descriptor, wait=wait)
        yield descriptor
    finally:
        os.close(descriptor)


def acquire(descriptor: int, *, wait: float) -> None:
    """Lock an open file exclusively within `wait` seconds, or raise `Busy`."""
    end = time.monotonic() + wait
    pause = 0.001
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR):
                raise
        else:
            return
        if time.monotonic() >= end:
            raise Busy
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def is_locked(path: Path) -> bool:
    """Whether another open file holds the lock on `path`; False where there is no such file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        acquire(descriptor, wait=0)
    except Busy:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
