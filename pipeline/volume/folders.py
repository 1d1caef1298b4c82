"""Folders that are flushed again and again: each stays open, since over a network to open it is a call of its own."""

from __future__ import annotations

import errno
import os
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from pipeline.volume.files import flush_folder, is_gone

_MOST = 512


class FolderTable:
    """Open folders. Safe to use from many threads.

    One that was removed is opened anew, so that what is flushed is what the path names.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: OrderedDict[Path, int] = OrderedDict()
        self._process = os.getpid()

    def flush(self, folder: Path) -> None:
        """Flush a folder's entries to disk; raises `OSError`."""
        if not self.flush_known(folder):
            flush_folder(folder)
            self.keep(folder)

    def flush_known(self, folder: Path) -> bool:
        """Flush a folder if it is open here and was not removed since; whether it was."""
        with self._guard:
            if self._process != os.getpid():
                self._open, self._process = OrderedDict(), os.getpid()
            descriptor = self._open.get(folder)
            if descriptor is None:
                return False
            self._open.move_to_end(folder)
        try:
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                os.fsync(descriptor)
                return True
        except OSError as error:
            if not is_gone(error) and error.errno != errno.EBADF:
                raise
        self._drop(folder)
        return False

    def keep(self, folder: Path) -> None:
        """Open a folder, to be flushed from now on; nothing happens if it is gone."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        self._drop(folder)
        with self._guard:
            self._open[folder] = descriptor
            while len(self._open) > _MOST:
                _close(self._open.popitem(last=False)[1])

    def _drop(self, folder: Path) -> None:
        with self._guard:
            _close(self._open.pop(folder, None))


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        with suppress(OSError):
            os.close(descriptor)
