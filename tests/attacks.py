"""What a decoder that was taken over would try, each as a function of the C library or as a bare system call.

An attack returns normally if it succeeds, and raises `OSError` if the kernel denies it. `python -m tests.attacks`
is a render process whose every picture is an attack: its bytes are the name, and the outcome is a note.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable
from typing import BinaryIO

from pipeline.images.formats import Limits
from tests.pictures import picture
from worker.engine.render import Picture, Rendition
from worker.render_process.child import main

libc = ctypes.CDLL(None, use_errno=True)
ATTACKS: dict[str, Callable[[int], object]] = {}
_WEBP = picture("WEBP", (8, 8))
_OURS = f"/tmp/taken-over-{os.getpid()}".encode()
_X86 = platform.machine() == "x86_64"
# the largest number of a system call so far is below 480; uretprobe and uprobe, which are no way into the kernel
# but a trap of its own, end whoever calls them
_NUMBERS = sorted(set(range(600)) - ({335, 336} if _X86 else set()))


def attack(function: Callable[[int], object]) -> Callable[[int], object]:
    ATTACKS[function.__name__] = function
    return function


def call(name: str, *arguments: int | bytes | None) -> int:
    """Call a function of the C library, or `syscall:` and the numbers on x86-64 and arm64."""
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    if name.startswith("syscall:"):
        numbers = name.removeprefix("syscall:").split(",")
        words.insert(0, ctypes.c_long(int(numbers[0 if _X86 else -1])))
        name = "syscall"
    ctypes.set_errno(0)
    result: int = getattr(libc, name)(*words)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


# Files


@attack
def read_a_file(original: int) -> None:
    os.close(os.open("/etc/passwd", os.O_RDONLY))


@attack
def read_the_parents_environment(original: int) -> None:
    os.close(os.open(f"/proc/{os.getppid()}/environ", os.O_RDONLY))


@attack
def read_the_parents_memory(original: int) -> None:
    os.close(os.open(f"/proc/{os.getppid()}/mem", os.O_RDWR))


@attack
def open_the_original_anew_for_writing(original: int) -> None:
    os.close(os.open(f"/proc/self/fd/{original}", os.O_RDWR))


@attack
def write_to_the_original(original: int) -> None:
    os.write(original, b"mine")


@attack
def truncate_the_original(original: int) -> None:
    os.ftruncate(original, 0)


@attack
def change_the_originals_mode(original: int) -> None:
    os.fchmod(original, 0o777)


@attack
def create_a_file(original: int) -> None:
    os.close(os.open(_OURS, os.O_CREAT | os.O_WRONLY))
    call("unlink", _OURS)


@attack
def create_a_nameless_file(original: int) -> None:
    os.close(os.open("/tmp", os.O_TMPFILE | os.O_RDWR))


@attack
def make_and_remove_a_folder(original: int) -> None:
    call("mkdir", _OURS, 0o700)
    call("rmdir", _OURS)


@attack
def look_at_a_file(original: int) -> None:
    call("access", b"/etc/passwd", os.R_OK)


@attack
def list_a_folder(original: int) -> None:
    os.listdir("/")


@attack
def change_folder(original: int) -> None:
    call("chdir", b"/")


@attack
def make_a_link(original: int) -> None:
    call("symlink", b"/etc/passwd", _OURS)
    call("unlink", _OURS)


@attack
def make_memory_with_a_descriptor(original: int) -> None:
    os.close(os.memfd_create("mine"))


@attack
def mount(original: int) -> None:
    call("mount", b"none", b"/tmp", b"tmpfs", 0, None)


@attack
def change_the_root(original: int) -> None:
    call("chroot", b"/tmp")


@attack
def watch_files(original: int) -> None:
    os.close(call("inotify_init1", 0))


# Memory


@attack
def map_memory_to_execute(original: int) -> None:
    _map(prot=7, flags=0x22)


@attack
def make_memory_executable(original: int) -> None:
    call("mprotect", _map(prot=3, flags=0x22), 4096, 5)


@attack
def share_memory_that_no_bound_counts(original: int) -> None:
    _map(prot=3, flags=0x21)


def _map(prot: int, flags: int) -> int:
    libc.mmap.restype = ctypes.c_long
    return call("mmap", None, 4096, prot, flags, -1, 0)


# The network, and other processes over it


@attack
def connect_by_tcp(original: int) -> None:
    _socket(2, 1)


@attack
def connect_by_tcp_over_ipv6(original: int) -> None:
    _socket(10, 1)


@attack
def send_udp(original: int) -> None:
    descriptor = call("socket", 2, 2, 0)
    address = struct.pack("=HH4s8x", 2, 9, bytes((127, 0, 0, 1)))
    call("sendto", descriptor, b"out", 3, 0, address, len(address))
    os.close(descriptor)


@attack
def speak_to_a_unix_socket(original: int) -> None:
    _socket(1, 1)


@attack
def speak_to_the_kernel_by_netlink(original: int) -> None:
    _socket(16, 3)


@attack
def make_a_pair_of_sockets(original: int) -> None:
    pair = (ctypes.c_int * 2)()
    call("socketpair", 1, 1, 0, ctypes.addressof(pair))
    os.close(pair[0])
    os.close(pair[1])


@attack
def send_a_descriptor_to_the_worker(original: int) -> None:
    call("sendmsg", 3, bytes(56), 0)


@attack
def send_otherwise_than_by_write(original: int) -> None:
    call("sendto", 3, b"", 0, 0, None, 0)


@attack
def make_a_pipe(original: int) -> None:
    for descriptor in os.pipe():
        os.close(descriptor)


def _socket(family: int, kind: int) -> None:
    os.close(call("socket", family, kind, 0))


# Processes


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


# The kernel


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
    from worker.sandbox.seccomp import _PLAIN
    from worker.sandbox.syscalls import MACHINES

    machine = MACHINES[platform.machine()]
    ours = {*machine.of(*_PLAIN), *machine.of("write", "mmap", "mprotect", "clone", "tgkill", "clone3", "ioctl")}
    for number in _NUMBERS:
        if number in ours:
            continue
        ctypes.set_errno(0)
        if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6) != -1 or ctypes.get_errno() != errno.EPERM:
            raise AssertionError(f"system call {number} is not denied")
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def taken_over(original: BinaryIO, limits: Limits, publish: Callable[[Rendition], None], *, effort: int) -> Picture:
    """In the place of the engine: run the attack that the file names, and tell its outcome."""
    name = original.read().decode("latin-1")
    outcome = "it succeeded"
    if name in ATTACKS:
        try:
            ATTACKS[name](original.fileno())
        except OSError as error:
            outcome = error.strerror or ""
    for rendition in ("grid", "view"):
        publish(Rendition(rendition, _WEBP, 8, 8))
    return Picture("AAAA", "#000000", (outcome,), 8, 8)


if __name__ == "__main__":
    main(taken_over, frozenset(sys.argv[1:-1]))
