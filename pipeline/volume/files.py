"""Files that survive a crash at any instruction: written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

_TEMPORARY = ".tmp"
_OTHERS = 0o007
_SMALL_BYTES = 1024 * 1024
_T = TypeVar("_T")


def keep_from_others() -> None:
    """Make all files that this process creates from now on private to its user, and readable for its group.

    Every process that writes to the volume calls it as it starts. A stricter umask stays.
    """
    os.umask(os.umask(_OTHERS) | 0o020 | _OTHERS)


def close_to_others(folder: Path) -> None:
    """Close a folder, and so everything in it, to other users, unless it belongs to another user."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _OTHERS:
        with suppress(PermissionError):
            folder.chmod(mode & ~_OTHERS)


def open_private(path: Path, flags: int) -> int:
    """Open a file; one that is made is closed to others, and no program that this one starts inherits it. Raises
    `OSError`."""
    return os.open(path, flags | os.O_CLOEXEC, 0o640)


def open_file(path: Path, open_: Callable[[Path, int], int] = open_private) -> BufferedReader:
    """Open a file of the volume for reading, and nothing that lies in its place: no link that leads elsewhere, no pipe
    that blocks, no device without end. Raises `OSError`."""
    descriptor = open_(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.ELOOP, "It is not a file", str(path))
    return open(descriptor, "rb")


def read_small_file(path: Path, open_: Callable[[Path, int], int] = open_private) -> bytes:
    """Read a record or a marker; raises `ValueError` if it is not a file or far too large, and `OSError`."""
    try:
        with open_file(path, open_) as file:
            data = file.read(_SMALL_BYTES + 1)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError("it is not a file") from error
        raise
    if len(data) > _SMALL_BYTES:
        raise ValueError("it is far too large")
    return data


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: a file system that fills up may write only some of them."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def still_linked(descriptor: int, path: Path) -> bool:
    """Whether `path` still names the open file.

    It opens the path: over a network, only that asks the server which file has the name.
    """
    try:
        other = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.path.samestat(os.fstat(descriptor), os.fstat(other))
        finally:
            os.close(other)
    except OSError as error:
        if is_gone(error):
            return False
        raise


def is_unlinked(descriptor: int) -> bool:
    """Whether the open file was removed. Over a network this is fresh only if the file was just opened or locked."""
    try:
        return os.fstat(descriptor).st_nlink == 0
    except OSError as error:
        if error.errno == errno.ESTALE:
            return True
        raise


def is_gone(error: OSError) -> bool:
    """Whether an error means that the path does not exist. Over a network that includes a stale handle."""
    return error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)


def refresh(folder: Path) -> bool:
    """Make the next look-up of any name in a folder a fresh one; whether the folder was found.

    Over a network, what another machine made, replaced or removed is unseen for a while; opening the folder compares
    what is remembered of its names with the server, by one call.
    """
    try:
        os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        if not is_gone(error):
            raise
        return False
    return True


def look_again(folder: Path, look: Callable[[], _T]) -> _T:
    """What `look` returns; if it finds nothing in the folder, it looks once more, freshly. Raises what it raises."""
    try:
        return look()
    except OSError as error:
        if not is_gone(error) or not refresh(folder):
            raise
    return look()


def flush_existing(folder: Path) -> None:
    """Flush a folder or, if it was removed meanwhile, its nearest ancestor."""
    while True:
        try:
            flush_folder(folder)
        except OSError as error:
            if not is_gone(error):
                raise
            folder = folder.parent
        else:
            return


def file_system(folder: Path) -> str:
    """The type of the file system that a folder is on, as in /proc/mounts; empty if that cannot be told. Raises
    `OSError`."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError):  # no /proc, or one that is closed to us
        for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
            mount, _, system = line.partition(" - ")
            if mount.split()[2] == wanted:
                return system.split()[0]
    return ""


def flush_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk, so that a rename or a new name in it survives a power loss."""
    with open_folder(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """A folder, open to be flushed more than once: over a network each opening is a call."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_flushed(path: Path, data: bytes) -> None:
    """Write a new file and flush its bytes; a half-written file is removed."""
    # without O_EXCL, which costs another call over NFS: no other process makes this name
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        with open(descriptor, "wb", closefd=True) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def replace_whole(path: Path, data: bytes) -> None:
    """Put `data` under `path` in one step: a reader sees the old file or the new one, whole."""
    put_whole(path, data)
    flush_folder(path.parent)


def is_temporary(name: str) -> bool:
    """Whether the name is that of a file that is being written, or that a crash left half-written."""
    return name.startswith(".") and name.endswith(_TEMPORARY)


def remove_temporaries(folder: Path) -> None:
    """Remove the half-written files that a crash left in a folder."""
    for leftover in folder.glob(f".*{_TEMPORARY}"):
        leftover.unlink(missing_ok=True)


def temporary_name(path: Path, tag: str) -> Path:
    """The name beside `path` under which the writer with this tag writes it."""
    return path.with_name(f".{path.name}.{tag}{_TEMPORARY}")


def tag_of(temporary: str) -> str:
    """The writer's tag in a temporary name."""
    return temporary.removesuffix(_TEMPORARY).rpartition(".")[2]


def stage(path: Path, data: bytes) -> Path:
    """Write and flush `data` under a temporary name beside `path`; returns that name."""
    temporary = temporary_name(path, token_hex(4))
    write_flushed(temporary, data)
    return temporary


def put_whole(path: Path, data: bytes) -> None:
    """Like `replace_whole`, but a power loss may restore the old file until the folder is flushed."""
    temporary = stage(path, data)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
