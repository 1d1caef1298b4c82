"""A file that is uploaded while others may write to it: only the bytes that were really sent count as sent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from threading import Event

from cli.client import Stopped
from cli.folder import kind


class Changed(Exception):
    """The file was changed, or replaced by another, since it was opened."""


class NoFile(Exception):
    """It is a pipe, a socket or a device; the message says which."""


class Unreadable(Exception):
    """The file could not be read. Not an `OSError`, so that it is not mistaken for a network error."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Source:
    """An open file, and its state before anything was read."""

    path: Path
    descriptor: int
    state: tuple[int, int, int]
    """Size in bytes, time of the last change in nanoseconds, inode."""

    @property
    def size(self) -> int:
        return self.state[0]

    @property
    def name(self) -> str:
        """The file's name for the API; bytes that are not UTF-8 are replaced."""
        return os.fsencode(self.path.name).decode("utf-8", "replace")

    def head(self, length: int) -> bytes:
        """The first bytes."""
        try:
            return os.pread(self.descriptor, length, 0)
        except OSError as error:
            raise Unreadable(error) from error

    def sha256(self) -> str:
        """The hash of all bytes; raises `Changed` if the size is not what it was."""
        try:
            os.lseek(self.descriptor, 0, os.SEEK_SET)
            with open(self.descriptor, "rb", closefd=False) as file:
                digest, length = file_digest(file, "sha256").hexdigest(), file.tell()
        except OSError as error:
            raise Unreadable(error) from error
        if length != self.size:
            raise Changed
        return digest

    def require_unchanged(self) -> None:
        """Raise `Changed` if the file was written to or replaced."""
        if _state(os.fstat(self.descriptor)) != self.state:
            raise Changed
        try:
            if not os.path.samestat(self.path.stat(), os.fstat(self.descriptor)):
                raise Changed
        except FileNotFoundError:
            pass  # removed; we still have it open


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a regular file, and nothing else: opening a pipe may hang, and opening a device may do anything."""
    try:
        if what := kind(path.stat().st_mode):
            raise NoFile(what)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(error) from error
    try:
        state = os.fstat(descriptor)
        if what := kind(state.st_mode):
            raise NoFile(what)
        yield Source(path, descriptor, _state(state))
    finally:
        os.close(descriptor)


def _state(state: os.stat_result) -> tuple[int, int, int]:
    return state.st_size, state.st_mtime_ns, state.st_ino


class Body:
    """The bytes of a source for one upload: exactly those with the hash that was computed before.

    If they changed, raises `Changed` before it hands out the last byte, and the gallery discards the rest.
    """

    def __init__(self, source: Source, digest: str, stopped: Event) -> None:
        self._source = source
        self._digest = digest
        self._stopped = stopped
        self._sent = 0
        self._seen = sha256()

    def read(self, length: int) -> bytes:
        """The next bytes, at most `length`, none at the end."""
        if self._stopped.is_set():
            raise Stopped
        if not (left := self._source.size - self._sent):
            return b""
        try:
            piece = os.pread(self._source.descriptor, min(left, length), self._sent)
        except OSError as error:
            raise Unreadable(error) from error
        self._seen.update(piece)
        self._sent += len(piece)
        if not piece:
            raise Changed
        if len(piece) == left:
            if self._seen.hexdigest() != self._digest:
                raise Changed
            self._source.require_unchanged()
        return piece
