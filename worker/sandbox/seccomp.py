"""Seccomp: the process may call what a decoder needs, and nothing else of the kernel.

A call that is not on the list fails with EPERM and does not end the process: libraries probe for what they can do
without. Descriptors that are open stay usable; new ones come from `recvmsg` alone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator

from worker.sandbox.kernel import call
from worker.sandbox.syscalls import MACHINES, Machine

# linux/bpf_common.h, linux/seccomp.h
_LOAD, _EQUAL, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _AUDIT, _ARGUMENTS = 0, 4, 16
_SET_MODE_FILTER, _TSYNC = 1, 1

_PLAIN = (
    # what is open
    "read", "readv", "pread64", "lseek", "close", "fstat", "recvmsg",
    # memory; `mmap` and `mprotect` come below
    "brk", "munmap", "mremap", "madvise",
    # threads, in which libde265 decodes HEIC; `clone` comes below
    "futex", "set_robust_list", "rseq", "set_tid_address", "sched_yield", "sched_getaffinity", "getpid",
    "gettid", "exit",
    # signals of its own
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "exit_group",
    # time and chance
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "getrandom",
)  # fmt: skip
_PROT_EXEC = 0x4
# the kind of a mapping, and the kinds that RLIMIT_DATA does not count: MAP_GROWSDOWN, MAP_HUGETLB
_MAP_KIND, _MAP_PRIVATE = 0x0F | 0x100 | 0x40000, 0x02
# CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM, _SETTLS, _PARENT_SETTID and _CHILD_CLEARTID: a thread;
# CLONE_DETACHED, which means nothing any more, is musl's
_THREAD, _DETACHED = 0x3D0F00, 0x400000

Instruction = tuple[int, int, int, int]
# an argument by its place, the bits of it that are looked at, and what they must be
Condition = tuple[int, int, int]


def deny_calls(writable: int) -> bool:
    """Restrict all threads of this process permanently, and let it write to the descriptor `writable` alone.

    False if the kernel or this processor has no filter. Needs `no_new_privs`.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    code = b"".join(struct.pack("=HBBI", *one) for one in program(machine, writable, os.getpid()))
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    return call(machine.numbers["seccomp"], _SET_MODE_FILTER, _TSYNC, filter_) == 0


def program(machine: Machine, writable: int, pid: int) -> list[Instruction]:
    """The filter, in classic BPF."""
    bounded: list[tuple[str, list[Condition]]] = [
        ("write", [(0, 0xFFFFFFFF, writable)]),
        ("mmap", [(2, _PROT_EXEC, 0), (3, _MAP_KIND, _MAP_PRIVATE)]),
        ("mprotect", [(2, _PROT_EXEC, 0)]),
        ("clone", [(0, 0xFFFFFFFF & ~_DETACHED, _THREAD)]),
        ("tgkill", [(0, 0xFFFFFFFF, pid)]),  # for `abort`
    ]
    return [
        (_LOAD, 0, 0, _AUDIT),
        (_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *(step for number in machine.of(*_PLAIN) for step in _if_called(number, [(_RETURN, 0, 0, _ALLOW)])),
        *(
            step
            for name, conditions in bounded
            for number in machine.of(name)
            for step in _if_called(number, [*_checks(conditions), (_RETURN, 0, 0, _ALLOW)])
        ),
        # the C library then makes its threads by `clone`, whose flags can be looked at
        *_if_called(machine.numbers["clone3"], [(_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]),
        # as files answer that are no terminal
        *_if_called(machine.numbers["ioctl"], [(_RETURN, 0, 0, _ERRNO | errno.ENOTTY)]),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
    ]


def _if_called(number: int, block: list[Instruction]) -> list[Instruction]:
    """Run a block that ends the filter if the call has this number."""
    return [(_EQUAL, 0, len(block), number), *block]


def _checks(conditions: list[Condition]) -> Iterator[Instruction]:
    """Refuse the call unless the lower halves of its arguments are as they must be."""
    for place, bits, value in conditions:
        yield _LOAD, 0, 0, _ARGUMENTS + 8 * place
        yield _AND, 0, 0, bits
        yield _EQUAL, 1, 0, value
        yield _RETURN, 0, 0, _ERRNO | errno.EPERM
