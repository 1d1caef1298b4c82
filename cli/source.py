"""A file that is sent while others may write to it: what is taken for sent are the bytes that were sent."""

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
    """It is a pipe, a socket, a device; the message says which."""


class Unreadable(Exception):
    """The file could not be read; not an `OSError`, so that nobody takes it for a failure of the network."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.error = error


@dataclass(frozen=True, slots=True)
class Source:
    """An open file: its state before anything was read, and how to read it."""

    path: Path
    descriptor: int
    state: tuple[int, int, int]
    """Size in bytes, time of the last change in nanoseconds, inode."""

    @property
    def size(self) -> int:
        return self.state[0]

    @property
    def name(self) -> str:
        """The file's name as the API takes it: what of it is not UTF-8 is replaced."""
        return os.fsencode(self.path.name).decode("utf-8", "replace")

    def head(self, length: int) -> bytes:
        """The first bytes."""
        try:
            return os.pread(self.descriptor, length, 0)
        except OSError as error:
            raise Unreadable(error) from error

    def sha256(self) -> str:
        """The hash of all bytes; raises `Changed` if there are not as many as there were."""
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
        """Raise `Changed` if the open file was written to, or if its name is another file's now."""
        if _state(os.fstat(self.descriptor)) != self.state:
            raise Changed
        try:
            if not os.path.samestat(self.path.stat(), os.fstat(self.descriptor)):
                raise Changed
        except FileNotFoundError:
            pass  # we have all of it open


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a regular file, and nothing else: opening a pipe may hang, and a device may do anything."""
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
    """The bytes of a source for one try at sending them: all of them and no more, with the hash that they had.

    Raises `Changed` before the last byte is given away if that cannot be; the gallery then discards the others.
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
