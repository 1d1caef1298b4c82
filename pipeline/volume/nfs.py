"""What is done in another way on a volume that is on NFS, where each call to the server costs a millisecond or more."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from pipeline.volume.files import file_system, open_private, put_whole, write_all


def is_nfs(folder: Path) -> bool:
    """Whether a folder is on NFS, as far as that can be told. Raises `OSError`."""
    return file_system(folder) in ("nfs", "nfs4")


def open_undelegated(path: Path, flags: int) -> int:
    """As `open_private`, of a file that several machines write and read.

    A server delegates a file to the machine that reads it, so that opening it again takes no call. As soon as another
    machine writes or removes it, the delegation has to be called back, and that machine waits meanwhile. For a file
    opened with `O_DIRECT` the client asks for none; without that flag from then on, all else is as ever.
    """
    direct = getattr(os, "O_DIRECT", 0)
    descriptor = open_private(path, flags | direct)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~direct)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def put_first(path: Path, data: bytes) -> None:
    """As `put_whole`, of a file that nothing refers to before it is whole and flushed. If there is none, it is written
    under its own name, without a rename."""
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT)
    try:
        if is_new := os.fstat(descriptor).st_size == 0:
            _write_flushed(descriptor, data)
    finally:
        os.close(descriptor)
    if not is_new:
        put_whole(path, data)


def _write_flushed(descriptor: int, data: bytes) -> None:
    """Write an empty file that is open, and flush its bytes; if that fails, it is empty again."""
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    except BaseException:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
        raise
