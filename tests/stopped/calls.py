"""The system calls that can change a file or a folder, and the filter that stops a process before each of them."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from dataclasses import dataclass
from pathlib import Path

from worker.sandbox.kernel import call, control
from worker.sandbox.seccomp import Instruction
from worker.sandbox.syscalls import MACHINES

# linux/seccomp.h, linux/prctl.h, linux/bpf_common.h
_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_LOAD, _EQUAL, _AND, _RETURN = 0x20, 0x15, 0x54, 0x06
_NUMBER, _ARGUMENTS, _ALLOW, _ASK = 0, 16, 0x7FFF0000, 0x7FC00000
_AT_FDCWD = -100
_MAKES = os.O_CREAT | os.O_TRUNC
_FLAGS = {"open": 1, "openat": 2}
"""Calls that open a file, and the argument that says how."""

Place = tuple[int | None, int | None]
"""Where a call names a file: the argument that is an open file or folder, and the one that is a path below it."""
_OPEN: Place = (0, None)
_PATH: Place = (None, 0)
_BELOW: Place = (0, 1)

# name: its number for x86-64 and for arm64 (None: there is none), and the files that it names
_CALLS: dict[str, tuple[int | None, int | None, tuple[Place, ...]]] = {
    "write": (1, 64, (_OPEN,)),
    "pwrite64": (18, 68, (_OPEN,)),
    "writev": (20, 66, (_OPEN,)),
    "pwritev": (296, 70, (_OPEN,)),
    "pwritev2": (328, 287, (_OPEN,)),
    "sendfile": (40, 71, (_OPEN,)),
    "splice": (275, 76, ((2, None),)),
    "copy_file_range": (326, 285, ((2, None),)),
    "fallocate": (285, 47, (_OPEN,)),
    "ftruncate": (77, 46, (_OPEN,)),
    "truncate": (76, 45, (_PATH,)),
    "open": (2, None, (_PATH,)),
    "creat": (85, None, (_PATH,)),
    "openat": (257, 56, (_BELOW,)),
    "openat2": (437, 437, (_BELOW,)),
    "mkdir": (83, None, (_PATH,)),
    "mkdirat": (258, 34, (_BELOW,)),
    "rmdir": (84, None, (_PATH,)),
    "unlink": (87, None, (_PATH,)),
    "unlinkat": (263, 35, (_BELOW,)),
    "rename": (82, None, (_PATH, (None, 1))),
    "renameat": (264, 38, (_BELOW, (2, 3))),
    "renameat2": (316, 276, (_BELOW, (2, 3))),
    "link": (86, None, (_PATH, (None, 1))),
    "linkat": (265, 37, (_BELOW, (2, 3))),
    "symlink": (88, None, ((None, 1),)),
    "symlinkat": (266, 36, ((1, 2),)),
    "mknod": (133, None, (_PATH,)),
    "mknodat": (259, 33, (_BELOW,)),
    "chmod": (90, None, (_PATH,)),
    "fchmod": (91, 52, (_OPEN,)),
    "fchmodat": (268, 53, (_BELOW,)),
    "fchmodat2": (452, 452, (_BELOW,)),
    "chown": (92, None, (_PATH,)),
    "fchown": (93, 55, (_OPEN,)),
    "lchown": (94, None, (_PATH,)),
    "fchownat": (260, 54, (_BELOW,)),
    "utime": (132, None, (_PATH,)),
    "utimes": (235, None, (_PATH,)),
    "futimesat": (261, None, (_BELOW,)),
    "utimensat": (280, 88, (_BELOW,)),
    "setxattr": (188, 5, (_PATH,)),
    "lsetxattr": (189, 6, (_PATH,)),
    "fsetxattr": (190, 7, (_OPEN,)),
    "removexattr": (197, 14, (_PATH,)),
    "lremovexattr": (198, 15, (_PATH,)),
    "fremovexattr": (199, 16, (_OPEN,)),
}
_IS_ARM = platform.machine() == "aarch64"
_NAMES = {number: name for name, (x86, arm, _) in _CALLS.items() if (number := arm if _IS_ARM else x86) is not None}


class CannotStop(Exception):
    """This kernel or processor has no way to stop a process before its calls."""


@dataclass(frozen=True)
class Call:
    """A call that is about to be done: its name, and the files that it is about, below the volume's root."""

    name: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} {' '.join(self.files)}"

    def renames_into(self, folder: str) -> bool:
        """Whether it moves something to a place below a folder of the volume from elsewhere."""
        return self.name.startswith("rename") and [f.split("/")[0] == folder for f in self.files] == [False, True]


def stop_before_changes() -> int:
    """Have this process, which has one thread, stop before each call that can change a file.

    Returns the descriptor by which another process learns of the calls and lets them go on. Raises `CannotStop`.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None or not control(_NO_NEW_PRIVS, 1):
        raise CannotStop("no filter of system calls here")
    steps = _program()
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("@HP", len(steps), ctypes.addressof(buffer))
    descriptor = call(machine.numbers["seccomp"], _SET_MODE_FILTER, _NEW_LISTENER, filter_)
    if descriptor < 0:
        raise CannotStop("the kernel refuses a filter that asks")
    return descriptor


def _program() -> list[Instruction]:
    """The filter, in classic BPF: ask before each of the calls, unless it opens a file to read it."""
    steps: list[Instruction] = [(_LOAD, 0, 0, _NUMBER)]
    for number, name in _NAMES.items():
        ask: list[Instruction] = [(_RETURN, 0, 0, _ASK)]
        if name in _FLAGS:
            flags = _ARGUMENTS + 8 * _FLAGS[name]
            ask = [(_LOAD, 0, 0, flags), (_AND, 0, 0, _MAKES), (_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ALLOW), *ask]
        steps += [(_EQUAL, 0, len(ask), number), *ask]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def change(root: Path, pid: int, number: int, arguments: tuple[int, ...]) -> Call | None:
    """The call that a stopped process is about to do, if that changes something below `root`."""
    name = _NAMES[number]
    files = [_file(pid, arguments, *place) for place in _CALLS[name][2]]
    below = [str(file.relative_to(root)) for file in files if file is not None and file.is_relative_to(root)]
    if not below:
        return None
    if name in _FLAGS and not arguments[_FLAGS[name]] & os.O_TRUNC and os.path.lexists(root / below[0]):
        return None  # it would make the file, which is there
    return Call(name, tuple(below))


def _file(pid: int, arguments: tuple[int, ...], open_at: int | None, path_at: int | None) -> Path | None:
    path = b"" if path_at is None else _text(pid, arguments[path_at])
    if path.startswith(b"/"):
        return Path(os.fsdecode(path))
    descriptor = _AT_FDCWD if open_at is None else ctypes.c_int(arguments[open_at]).value
    link = Path(f"/proc/{pid}", "cwd" if descriptor == _AT_FDCWD else f"fd/{descriptor}")
    try:
        base = link.readlink()
    except OSError:
        return None
    # what is no file is named like "pipe:[1234]"
    return Path(str(base).removesuffix(" (deleted)"), os.fsdecode(path)) if base.is_absolute() else None


def _text(pid: int, address: int) -> bytes:
    """The C string at an address of another process."""
    if not address:
        return b""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(4096).partition(b"\0")[0]
