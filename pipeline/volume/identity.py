"""The id of a volume: processes with the same one serve the same gallery."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import structlog

from pipeline.ids import is_id, new_id
from pipeline.volume.files import flush_folder, open_private, write_all
from pipeline.volume.locks import acquire

_LOCK_SECONDS = 10.0
_MAX_BYTES = 4096
_log = structlog.get_logger()


class _Volume(msgspec.Struct):
    """What `volume.json` holds. Keys that another release adds are left as they are."""

    id: str
    version: int = 1


def volume_id(path: Path) -> str:
    """The id in the file at `path`, made if there is none. All processes, on any machine, get the same one.

    Raises `OSError`, and `Busy` if another process holds the file for ten seconds.
    """
    try:
        with path.open("rb") as file:
            found = _id_in(file.read(_MAX_BYTES))
    except FileNotFoundError:
        found = None
    return found or _make(path)


def _make(path: Path) -> str:
    """Write an id into the file, unless another process does so first.

    It is opened by a call that creates it, which NFS sends to the server: a look-up may be answered from a cache that
    has not seen the file yet. A crash leaves it empty or half-written, and the next process rewrites it.
    """
    descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
    try:
        acquire(descriptor, wait=_LOCK_SECONDS)
        data = os.pread(descriptor, _MAX_BYTES, 0)
        if found := _id_in(data):
            return found
        if data.strip(b"\0"):
            _log.warning("volume.json was damaged: the volume gets a new id", path=str(path))
        made = new_id()
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        write_all(descriptor, msgspec.json.encode(_Volume(made)) + b"\n")
        os.fsync(descriptor)
        flush_folder(path.parent)
        return made
    finally:
        os.close(descriptor)


def _id_in(data: bytes) -> str | None:
    try:
        found = msgspec.json.decode(data, type=_Volume).id
    except (ValueError, RecursionError):
        return None
    return found if is_id(found) else None
