"""The attacks by their names, and how they call the kernel."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable

libc = ctypes.CDLL(None, use_errno=True)
ATTACKS: dict[str, Callable[[int], object]] = {}
X86 = platform.machine() == "x86_64"


def attack(function: Callable[[int], object]) -> Callable[[int], object]:
    ATTACKS[function.__name__] = function
    return function


def call(name: str, *arguments: int | bytes | None) -> int:
    """Call a function of the C library, or `syscall:` and the numbers on x86-64 and arm64."""
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if name.startswith("syscall:"):
        numbers = name.removeprefix("syscall:").split(",")
        words.insert(0, ctypes.c_long(int(numbers[0 if X86 else -1])))
        name = "syscall"
    ctypes.set_errno(0)
    result: int = getattr(libc, name)(*words)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
