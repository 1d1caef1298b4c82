"""The file of the index: which one is current, connections to it, and discarding it.

    <GALLERY_CACHE>/index-<volume>-<schema>/
        keeper                  locked by the process that maintains the index
        current -> <generation>
        <generation>/index.sqlite

A discarded generation is never written again, and the next one has a new name, so that a process that still has the old
one open cannot harm the new one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import structlog

from web.index import schema

_FILE = "index.sqlite"
_MOST_IDLE = 4
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_log = structlog.get_logger()

Identity = tuple[int, int]


class Unusable(Exception):
    """There is no index, or none that can be trusted."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection to one generation of the index, used by one thread at a time."""

    connection: sqlite3.Connection
    folder: Path
    identity: Identity
    has_words: bool


class Database:
    """The current generation of the index of one volume. Safe to use from many threads and processes."""

    def __init__(self, cache: Path, volume_id: str) -> None:
        self.volume_id = volume_id
        self.folder = cache / f"index-{volume_id}-{schema.NUMBER}"
        self._current = self.folder / "current"
        self._idle: list[Opened] = []
        self._distrusted: Identity | None = None
        self._guard = threading.Lock()

    def identity(self) -> Identity | None:
        """Identifies the current file of the index; None if there is none that may be written."""
        try:
            found = (self._current / _FILE).stat()
        except OSError:
            return None
        identity = (found.st_dev, found.st_ino)
        return identity if found.st_mode & 0o200 and identity != self._distrusted else None

    @contextmanager
    def open(self, *, must_write: bool = False) -> Iterator[Opened]:
        """A connection; raises `Unusable`. An index that gives an error is discarded.

        With `must_write`, so is one that stays busy for seconds: the change would be missing from it.
        """
        opened = self._take()
        try:
            yield opened
        except (sqlite3.Error, ValueError) as error:
            _close(opened)
            if must_write or not _is_busy(error):
                self.discard(opened.folder, str(error))
            raise Unusable(str(error)) from error
        except Unusable:
            self._give_back(opened)
            raise
        except BaseException:
            _close(opened)
            raise
        self._give_back(opened)

    def _take(self) -> Opened:
        identity = self.identity()
        with self._guard:
            known, self._idle = self._idle, [one for one in self._idle if one.identity == identity]
            opened = self._idle.pop() if self._idle else None
        for one in known:
            if one.identity != identity:
                _close(one)
        if identity is None:
            self._discard_unwritable()
            raise Unusable("there is none")
        return opened or self._connect()

    def _discard_unwritable(self) -> None:
        with suppress(OSError):
            folder = self._current.resolve(strict=True)
            if (folder / _FILE).exists():
                self.discard(folder, "it is read-only")

    def _connect(self) -> Opened:
        try:
            folder = self._current.resolve(strict=True)
            path = folder / _FILE
            connection = schema.connect(path)
            found = path.stat()
        except (OSError, sqlite3.Error) as error:
            raise Unusable(str(error)) from error
        try:
            volume, inode = connection.execute("SELECT volume, inode FROM about").fetchone() or (None, None)
            if volume != self.volume_id or inode != found.st_ino:
                raise sqlite3.DatabaseError("it is another volume's, or a copy")
            return Opened(connection, folder, (found.st_dev, found.st_ino), schema.has_words(connection))
        except sqlite3.Error as error:
            connection.close()
            if not _is_busy(error):
                self.discard(folder, str(error))
            raise Unusable(str(error)) from error

    def _give_back(self, opened: Opened) -> None:
        with self._guard:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(opened)
                return
        _close(opened)

    def create(self) -> None:
        """Make an empty generation and make it the current one; raises `OSError` and `sqlite3.Error`."""
        folder = self.folder / token_hex(6)
        folder.mkdir(mode=0o700)
        schema.create(folder / _FILE, self.volume_id)
        link = self.folder / f"{folder.name}.link"
        link.symlink_to(folder.name)
        link.replace(self._current)
        self._remove_others(folder)

    def discard_current(self, why: str) -> None:
        """Discard the current generation."""
        with suppress(OSError):
            self.discard(self._current.resolve(strict=True), why)

    def discard(self, folder: Path, why: str) -> None:
        """Discard a generation, for all processes."""
        _log.warning("index discarded, it is built anew", why=why)
        with suppress(OSError):
            found = (folder / _FILE).stat()
            self._distrusted = (found.st_dev, found.st_ino)  # in case it cannot be removed
        with suppress(OSError):
            if self._current.readlink().name == folder.name:
                self._current.unlink()
        shutil.rmtree(folder, ignore_errors=True)

    def _remove_others(self, folder: Path) -> None:
        """Remove former generations of this volume's index, and those of other schemas."""
        keep = {folder, self._current, self.folder / "keeper"}
        for other in self.folder.iterdir():
            if other not in keep:
                _remove(other)
        for other in self.folder.parent.glob(f"index-{self.volume_id}-*"):
            if other != self.folder and (lock := lock_index(other)) is not None:
                _remove(other)
                os.close(lock)


def lock_index(folder: Path) -> int | None:
    """Take the lock for maintaining the index in a folder; returns a descriptor, or None if another process has it.

    Raises `OSError` if the folder cannot be written.
    """
    descriptor = os.open(folder / "keeper", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


def _close(opened: Opened) -> None:
    with suppress(sqlite3.Error):
        opened.connection.close()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
