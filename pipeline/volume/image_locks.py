"""Locks on images, by their ids. A lock ends with the process that holds it, however that ends.

Each is a byte of one file, which over NFS stays open: to open, lock and close a file for each image takes twice as many
calls, and to remove one that is open takes two more.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from pipeline.volume.files import is_gone, open_private
from pipeline.volume.locks import Busy, poll

_CHECK_SECONDS = 5.0
_RANDOM_BITS = (1 << 62) - 1
_SHARED = 1 << 62
_FLOCK = "hhqqi"
"""The C structure `flock`: kind, whence, start, length, process."""

# on Linux locks of the open file, as those of `flock`, elsewhere of the process
_SET: int | None = fcntl.F_OFD_SETLK if sys.platform == "linux" else None
_GET: int | None = fcntl.F_OFD_GETLK if sys.platform == "linux" else None
_T = TypeVar("_T")


@dataclass(slots=True)
class _File:
    """The open lock file, when its path was last checked, and how many threads use it.

    If it does not stay open, the last of them closes it: closing it earlier would release what the others hold.
    """

    descriptor: int
    checked: float
    stays: bool
    users: int = 0


class ImageLocks:
    """Exclusive locks on images: bytes of the file at `path`. Safe to use from many threads.

    Unless it `stays_open`, the file is open only while an image is locked: a volume with a file that is open for
    writing cannot be made read-only.
    """

    def __init__(self, path: Path, stays_open: Callable[[], bool]) -> None:
        self._path = path
        self._stays_open = stays_open
        self._reset()

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._held: set[str] = set()
        self._file: _File | None = None
        self._process = os.getpid()

    @contextmanager
    def hold(self, image_id: str, *, wait: float) -> Iterator[None]:
        """Hold the lock on an image, whether or not the image is there.

        Waits up to `wait` seconds, then raises `Busy`. Raises `OSError`.
        """
        self._after_fork()
        end, is_ours = time.monotonic() + wait, False
        try:
            with self._changed:
                if not self._changed.wait_for(lambda: image_id not in self._held, wait):
                    raise Busy
                is_ours = True
                self._held.add(image_id)
            file, _ = self._try(
                lambda descriptor: poll(partial(_set, descriptor, image_id, locked=True), wait=end - time.monotonic())
            )
            try:
                yield
            finally:
                self._release(file, image_id)
        finally:
            if is_ours:
                self._held.discard(image_id)
                with self._changed:
                    self._changed.notify_all()

    def is_held(self, image_id: str) -> bool:
        """Whether anybody holds the lock on an image. Raises `OSError`."""
        self._after_fork()
        with self._changed:
            if image_id in self._held:
                return True
        try:
            file, is_locked = self._try(partial(_is_locked, image_id=image_id), create=False)
        except OSError as error:
            if is_gone(error):
                return False
            raise
        self._leave(file)
        return is_locked

    def _after_fork(self) -> None:
        if self._process != os.getpid():  # a fork shares the open file, and so would share its locks
            if self._file is not None:
                with suppress(OSError):
                    os.close(self._file.descriptor)
            self._reset()

    def _try(self, act: Callable[[int], _T], *, create: bool = True) -> tuple[_File, _T]:
        """Do something with the open file; if that fails, with one that is opened anew. The caller has to leave it."""
        for is_last in (False, True):
            file = self._use(create=create)
            try:
                return file, act(file.descriptor)
            except BaseException as error:
                if not isinstance(error, Busy):
                    self._drop(file)  # the volume was away, or a signal came after the byte was locked
                self._leave(file)
                if is_last or not isinstance(error, OSError):
                    raise
        raise AssertionError("unreachable")

    def _release(self, file: _File, image_id: str) -> None:
        try:
            _set(file.descriptor, image_id, locked=False)
        except BaseException as error:
            self._drop(file)  # closing it unlocks
            if not isinstance(error, OSError):
                raise
        finally:
            self._leave(file)

    def _use(self, *, create: bool = True) -> _File:
        with self._changed:
            file = self._file
            if file is not None and time.monotonic() > file.checked + _CHECK_SECONDS:
                file.checked = time.monotonic()
                if not _is_current(file.descriptor, self._path):
                    self._drop(file)
            if self._file is None:
                stays, flags = self._stays_open(), os.O_RDWR | (os.O_CREAT if create else 0)
                self._file = _File(_open(self._path, flags), time.monotonic(), stays)
            self._file.users += 1
            return self._file

    def _leave(self, file: _File) -> None:
        with self._changed:
            file.users -= 1
            if not file.stays and not file.users:
                self._drop(file)

    def _drop(self, file: _File) -> None:
        """Close the file once its last user is done; the next one opens it again."""
        with self._changed:
            file.stays = False
            if self._file is file:
                self._file = None
            if not file.users:
                with suppress(OSError):
                    os.close(file.descriptor)


def _open(path: Path, flags: int) -> int:
    """Open the lock file, and lock a byte that all processes share: over NFS, releasing the last lock of an open file
    takes an extra call."""
    descriptor = open_private(path, flags)
    with suppress(OSError):
        _lock_byte(descriptor, fcntl.F_RDLCK, _SHARED)
    return descriptor


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether the path still names the open file. It is not opened a second time, since closing that could release
    the locks."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _set(descriptor: int, image_id: str, *, locked: bool) -> None:
    """Lock or unlock an image's byte, without waiting. Raises `OSError`."""
    _lock_byte(descriptor, fcntl.F_WRLCK if locked else fcntl.F_UNLCK, _offset(image_id))


def _lock_byte(descriptor: int, kind: int, offset: int) -> None:
    if _SET is None:
        command = {fcntl.F_WRLCK: fcntl.LOCK_EX, fcntl.F_RDLCK: fcntl.LOCK_SH, fcntl.F_UNLCK: fcntl.LOCK_UN}[kind]
        fcntl.lockf(descriptor, command | fcntl.LOCK_NB, 1, offset)
    else:
        fcntl.fcntl(descriptor, _SET, struct.pack(_FLOCK, kind, os.SEEK_SET, offset, 1, 0))


def _is_locked(descriptor: int, image_id: str) -> bool:
    """Whether another open file has locked an image's byte. Raises `OSError`."""
    if _GET is not None:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _offset(image_id), 1, 0)
        kind: int = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, _GET, asked))[0]
        return kind != fcntl.F_UNLCK
    try:
        _set(descriptor, image_id, locked=True)
    except BlockingIOError:
        return True
    _set(descriptor, image_id, locked=False)
    return False


def _offset(image_id: str) -> int:
    """The offset of an image's byte in the lock file: the random bits of its id."""
    return int(image_id.replace("-", ""), 16) & _RANDOM_BITS
