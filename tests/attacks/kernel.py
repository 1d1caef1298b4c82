"""To use the rest of the kernel."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from tests.attacks.registry import X86, attack, call, libc
from worker.sandbox.seccomp import _PLAIN
from worker.sandbox.syscalls import MACHINES

# the largest number of a system call so far is below 480; uretprobe and uprobe, which are no way into the kernel
# but a trap of its own, end whoever calls them
_NUMBERS = sorted(set(range(600)) - ({335, 336} if X86 else set()))


@attack
def use_io_uring(original: int) -> None:
    os.close(call("syscall:425", 1, ctypes.create_string_buffer(120).raw))


@attack
def load_a_bpf_program(original: int) -> None:
    call("syscall:321,280", 5, bytes(120), 120)


@attack
def use_the_kernels_keys(original: int) -> None:
    call("syscall:250,219", 0, -3, 0)


@attack
def watch_the_processor(original: int) -> None:
    call("syscall:298,241", struct.pack("=II", 1, 112) + bytes(104), 0, -1, -1, 0)


@attack
def handle_page_faults(original: int) -> None:
    os.close(call("syscall:323,282", 1))


@attack
def share_memory_by_a_key(original: int) -> None:
    call("shmget", 0, 4096, 0o600)


@attack
def filter_system_calls(original: int) -> None:
    call("syscall:317,277", 2, 0, struct.pack("=I", 0x7FFF0000))


@attack
def set_the_clock(original: int) -> None:
    call("clock_settime", 1, struct.pack("=qq", 0, 0))


@attack
def make_any_other_system_call(original: int) -> None:
    """Every number there is, without arguments that mean anything; those that are allowed end this one."""
    machine = MACHINES[platform.machine()]
    ours = {*machine.of(*_PLAIN), *machine.of("write", "mmap", "mprotect", "clone", "tgkill", "clone3", "ioctl")}
    for number in _NUMBERS:
        if number in ours:
            continue
        ctypes.set_errno(0)
        if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6) != -1 or ctypes.get_errno() != errno.EPERM:
            raise AssertionError(f"system call {number} is not denied")
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
