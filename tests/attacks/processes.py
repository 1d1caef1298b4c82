"""To start a process, or to get at the worker."""

from __future__ import annotations

import ctypes
import os
import struct

from tests.attacks.registry import attack, call


@attack
def fork(original: int) -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


@attack
def start_a_program(original: int) -> None:
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)


@attack
def become_a_program(original: int) -> None:
    os.execv("/bin/true", ["true"])


@attack
def become_a_program_by_a_descriptor(original: int) -> None:
    call("syscall:322,281", original, b"", None, None, 0x1000)


@attack
def make_a_namespace(original: int) -> None:
    call("unshare", 0x10000000)


@attack
def clone_into_a_namespace(original: int) -> None:
    if call("syscall:56,220", 0x10000000 | 17, None, None, None, None) == 0:
        os._exit(0)


@attack
def signal_the_worker(original: int) -> None:
    os.kill(os.getppid(), 0)


@attack
def signal_everybody(original: int) -> None:
    os.kill(-1, 0)


@attack
def signal_a_thread_of_the_worker(original: int) -> None:
    call("syscall:234,131", os.getppid(), os.getppid(), 0)


@attack
def hold_the_worker_by_a_descriptor(original: int) -> None:
    os.close(call("syscall:434", os.getppid(), 0))


@attack
def trace_the_worker(original: int) -> None:
    call("ptrace", 0x4206, os.getppid(), None, None)  # PTRACE_SEIZE, which does not stop it


@attack
def read_the_workers_memory(original: int) -> None:
    target = ctypes.create_string_buffer(8)
    vector = struct.pack("=QQ", ctypes.addressof(target), 8)
    call("process_vm_readv", os.getppid(), vector, 1, vector, 1, 0)


@attack
def write_the_workers_memory(original: int) -> None:
    source = ctypes.create_string_buffer(8)
    vector = struct.pack("=QQ", ctypes.addressof(source), 8)
    call("process_vm_writev", os.getppid(), vector, 1, struct.pack("=QQ", 0, 0), 1, 0)


@attack
def change_the_workers_limits(original: int) -> None:
    call("prlimit", os.getppid(), 7, None, ctypes.create_string_buffer(16).raw)


@attack
def raise_a_limit(original: int) -> None:
    call("setrlimit", 4, struct.pack("=QQ", 0, 0))


@attack
def become_somebody(original: int) -> None:
    call("setuid", os.getuid())


@attack
def outlive_the_worker(original: int) -> None:
    call("prctl", 1, 0, 0, 0, 0)
