"""The memory of a render process: what it keeps between pictures, and what one picture may take at most."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from pathlib import Path

_LINUX = sys.platform == "linux"
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MB = 1024 * 1024
# Beside what the header lets expect: the interpreter's own needs while a picture is made.
_SLACK_MB = 48
# If more than this is resident after a picture, free memory is returned to the system. A photo of 12 megapixels whose
# view is AVIF leaves 150 MB.
_KEPT_MB = 192
# A picture that needs more than this starts without kept memory: both together could exceed the worker's limit.
_USUAL_MB = 128
_libc = ctypes.CDLL(None)


def keep_memory() -> None:
    """Keep the memory of a usual picture for the next one: requesting it from the system again takes a sixth of
    the time of a picture. What is larger still goes back at once."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_MMAP_THRESHOLD, 32 * _MB)
        _libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_MB * _MB)


def bound_memory(megabytes: int) -> None:
    """Let an allocation fail that goes beyond the bound, whatever a header promised: the picture fails, not the pod."""
    if _LINUX:
        used = int(Path("/proc/self/status").read_text().partition("VmData:")[2].split(maxsplit=1)[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (used + (megabytes + _SLACK_MB) * _MB,) * 2)


class KeptMemory:
    """Memory that is free and kept for the next picture of usual size.

    Made before the sandbox closes: it keeps `/proc/self/statm` open, as the descriptor `descriptor`.
    """

    def __init__(self, descriptor: int) -> None:
        self._statm: int | None = None
        if _LINUX and hasattr(_libc, "malloc_trim"):
            self._statm = os.dup2(os.open("/proc/self/statm", os.O_RDONLY), descriptor)

    def make_room(self, needed: int) -> None:
        """Before a picture that needs so many bytes: return free memory to the system if they are many."""
        if needed > _USUAL_MB * _MB:
            self._trim()

    def trim_if_large(self) -> None:
        """After a picture: return free memory to the system if more is resident than usual pictures leave."""
        if self._resident() > _KEPT_MB * _MB:
            self._trim()

    def _resident(self) -> int:
        if self._statm is None:
            return 0
        return int(os.pread(self._statm, 128, 0).split()[1]) * resource.getpagesize()

    def _trim(self) -> None:
        if self._statm is not None:
            _libc.malloc_trim(0)
