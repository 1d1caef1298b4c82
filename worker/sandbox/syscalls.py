"""Numbers of the Linux system calls that the sandbox names, for each processor it knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor: its name for audit (`AUDIT_ARCH_*` in `linux/audit.h`) and its system calls by name."""

    audit: int
    numbers: dict[str, int]

    def of(self, *names: str) -> list[int]:
        """The numbers of those calls that this processor has."""
        return [self.numbers[name] for name in names if name in self.numbers]


_X86_64 = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
    "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "ioctl": 16, "pread64": 17, "readv": 19,
    "sched_yield": 24, "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "recvmsg": 47, "clone": 56,
    "exit": 60, "gettimeofday": 96, "sigaltstack": 131, "gettid": 186, "time": 201, "futex": 202,
    "sched_getaffinity": 204, "set_tid_address": 218, "restart_syscall": 219, "clock_gettime": 228,
    "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "tgkill": 234, "set_robust_list": 273,
    "seccomp": 317, "getrandom": 318, "rseq": 334, "clone3": 435,
}  # fmt: skip
_ARM64 = {
    "ioctl": 29, "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "pread64": 67, "fstat": 80,
    "exit": 93, "exit_group": 94, "set_tid_address": 96, "futex": 98, "set_robust_list": 99, "nanosleep": 101,
    "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "sched_getaffinity": 123, "sched_yield": 124,
    "restart_syscall": 128, "tgkill": 131, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135,
    "rt_sigreturn": 139, "gettimeofday": 169, "getpid": 172, "gettid": 178, "recvmsg": 212, "brk": 214,
    "munmap": 215, "mremap": 216, "clone": 220, "mmap": 222, "mprotect": 226, "madvise": 233, "seccomp": 277,
    "getrandom": 278, "rseq": 293, "clone3": 435,
}  # fmt: skip

MACHINES = {"x86_64": Machine(0xC000003E, _X86_64), "aarch64": Machine(0xC00000B7, _ARM64)}
"""By the name that `uname` gives them."""
