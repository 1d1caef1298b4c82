"""To read or change a file."""

from __future__ import annotations

import os

from tests.attacks.registry import attack, call

_OURS = f"/tmp/taken-over-{os.getpid()}".encode()


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
