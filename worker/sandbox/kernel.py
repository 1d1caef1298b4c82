"""System calls for which neither Python nor the C library has a function."""

from __future__ import annotations

import ctypes

_libc = ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: int | bytes | None) -> int:
    """The result of a system call; negative if it failed."""
    words = [ctypes.c_long(one) if isinstance(one, int) else ctypes.c_char_p(one) for one in arguments]
    _libc.syscall.restype = ctypes.c_long
    result: int = _libc.syscall(ctypes.c_long(number), *words)
    return result


def control(option: int, value: int) -> bool:
    """`prctl` with one argument; whether it succeeded."""
    result: int = _libc.prctl(option, *(ctypes.c_ulong(word) for word in (value, 0, 0, 0)))
    return result == 0
