"""Files that survive a crash at any instruction: written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; a file system that is full may take some of them first."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def still_linked(descriptor: int, path: Path) -> bool:
    """Whether `path` still names the open file."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def flush_standing(folder: Path) -> None:
    """Flush a folder, or where it was removed meanwhile the nearest one above."""
    while True:
        try:
            flush_folder(folder)
        except FileNotFoundError:
            folder = folder.parent
        else:
            return


def flush_file(path: Path) -> None:
    """Flush the bytes of a file that was written and closed."""
    _flush(path, os.O_RDONLY)


def start_flushing(path: Path) -> None:
    """Have the bytes of a file that was written and closed go to disk, without waiting: the flush that follows on
    another file takes along what this one needs of the file system's journal."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def flush_folder(folder: Path) -> None:
    """Flush the entries of a folder to disk, so that a rename or a new name in it survives a power loss."""
    _flush(folder, os.O_RDONLY | os.O_DIRECTORY)


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_flushed(path: Path, data: bytes) -> None:
    """Write a new file and flush its bytes; a half-written file is removed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
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


def put_whole(path: Path, data: bytes) -> None:
    """As `replace_whole`, but a power loss may bring the old file back until the folder is flushed."""
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
    write_flushed(temporary, data)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
