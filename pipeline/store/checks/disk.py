"""Reading a volume without trusting it: follows no link, opens only regular files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pipeline.ids import is_id
from pipeline.records import Record
from pipeline.store import duplicates
from pipeline.volume.layout import RECORD
from pipeline.volume.locks import is_locked
from pipeline.volume.volume import Volume

_MAX_RECORD = 1024 * 1024


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder, by name; none if it does not exist. Raises `OSError`.

    Skips what NFS keeps of files that were removed while open.
    """
    try:
        with os.scandir(folder) as found:
            return sorted((e for e in found if not e.name.startswith(".nfs")), key=lambda entry: entry.name)
    except FileNotFoundError:
        return []


def is_folder(path: Path) -> bool:
    """Whether the path is a folder, and not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_file(path: Path) -> bool:
    """Whether the path is a regular file, and not a link to one; raises `OSError`."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_held(path: Path) -> bool:
    """Whether a live process holds the lock on a file; false if that cannot be found out."""
    try:
        return is_file(path) and is_locked(path)
    except OSError:
        return False


def is_in_hand(volume: Volume, image_id: str) -> bool:
    """Whether a live process has an image of the outbox; false if that cannot be found out."""
    try:
        return is_file(volume.layout.marker(image_id)) and volume.image_locks.is_held(image_id)
    except OSError:
        return False


def is_claimed(volume: Volume, record: Record) -> bool:
    """Whether the bytes of a record are claimed for its image; raises `OSError`."""
    try:
        former = volume.layout.former_claims(record.sha256) / f"{record.sha256}.{record.id}"
        return is_file(former) or duplicates.claimed_by(volume, record.sha256) == record.id
    except FileNotFoundError:
        return False  # there is no folder of claims


def sha256(path: Path) -> str:
    """The hash of a regular file in hex; raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_record(path: Path) -> Record:
    """Read a record; raise `ValueError` if it is none, `OSError` if it cannot be read."""
    if not is_file(path):
        raise ValueError("it is not a file" if os.path.lexists(path) else "it is not there")
    if path.stat().st_size > _MAX_RECORD:
        raise ValueError("it is far too large")
    return Record.from_json(path.read_bytes())


def images_below(folder: Path, depth: int = 3) -> Iterator[Path]:
    """The image folders within a folder that should have none; raises `OSError`."""
    if is_id(folder.name) and is_file(folder / RECORD):
        yield folder
    elif depth:
        for entry in entries(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from images_below(Path(entry), depth - 1)
