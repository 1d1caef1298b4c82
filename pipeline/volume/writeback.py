"""Having the kernel write a file to disk before it is flushed, so that the flush has less to wait for."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

_WRITE = 2


def start_flushing(descriptor: int, start: int = 0, size: int = 0) -> None:
    """Start writing `size` bytes of an open file to disk, or all from `start` on; does nothing except on Linux.

    It waits only if the disk has more to write than its queue holds. A later flush of another file then commits this
    one's part of the journal too.
    """
    if _sync_file_range is not None:
        _sync_file_range(descriptor, start, size, _WRITE)


def _load() -> Callable[[int, int, int, int], int] | None:
    """`sync_file_range` of the C library, if there is one.

    `posix_fadvise(DONTNEED)` starts writing too, but then waits for every processor, and marks the pages as the next to
    be evicted.
    """
    function = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return function


_sync_file_range = _load()
