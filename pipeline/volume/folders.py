"""Making and flushing folders. Those that are flushed again and again stay open: over a network each opening is a call.

Over NFS none is flushed: each name is made, changed or removed by a call that the server answers once it has done so,
and `fsync` of a folder sends nothing. What is on disk by then is the server's to say (`sync`).
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.volume.files import flush_folder, is_gone, open_folder
from pipeline.volume.nfs import is_nfs

_MOST = 512
_CHECK_SECONDS = 5.0
_TRIES = 100


def make_folder(folder: Path) -> None:
    """Make a folder and any missing parents. Raises `OSError`.

    Another process may remove any of them while it is empty; then it is made again. `Path.mkdir` would fail: it finds
    the folder there, and then no longer.
    """
    for _ in range(_TRIES):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, FileNotFoundError) as error:
            if _is_no_folder(Path(error.filename)):
                raise
        else:
            return
    raise OSError(errno.EBUSY, "it keeps being removed while it is made", str(folder))


def _is_no_folder(path: Path) -> bool:
    """Whether something exists there that is not a folder, or not a link to one."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return path.is_symlink()


@dataclass(slots=True)
class _Folder:
    """An open folder, when its path was last checked, and how many threads flush it.

    It is closed by the last of them: its number, used after that, would flush whatever was opened next.
    """

    descriptor: int
    checked: float
    users: int = 0
    is_dropped: bool = False


class FolderTable:
    """Folders of the volume at `root`. Safe to use from many threads.

    One that was removed is opened again, so that what is flushed is what the path names: a folder that comes and goes
    is asked each time whether it was removed, one that stays has its path compared every few seconds.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._guard = threading.Lock()
        self._open: OrderedDict[Path, _Folder] = OrderedDict()
        self._process = os.getpid()

    @cached_property
    def is_on_nfs(self) -> bool:
        """Whether the volume is on NFS. Raises `OSError`."""
        return is_nfs(self._root)

    def flush(self, folder: Path) -> None:
        """Flush the entries of a folder that the product never removes; raises `OSError`."""
        if not self.is_on_nfs and not self._flush(folder, stays=True):
            flush_folder(folder)
            self.keep(folder)

    def flush_known(self, folder: Path) -> bool:
        """Flush a folder if it is open here and still exists; returns whether its entries are on disk."""
        return self.is_on_nfs or self._flush(folder, stays=False)

    def flush_once(self, folder: Path) -> None:
        """Flush the entries of a folder that is not to stay open; raises `OSError`."""
        with self.flushing(folder) as flush:
            flush()

    @contextmanager
    def flushing(self, folder: Path) -> Iterator[Callable[[], None]]:
        """As `flush_once`, each time that what it yields is called; raises `OSError`."""
        if self.is_on_nfs:
            yield lambda: None
            return
        with open_folder(folder) as descriptor:
            yield lambda: os.fsync(descriptor)

    def _flush(self, folder: Path, *, stays: bool) -> bool:
        with self._guard:
            if self._process != os.getpid():
                self._open, self._process = OrderedDict(), os.getpid()
            known = self._open.get(folder)
            if known is None:
                return False
            self._open.move_to_end(folder)
            known.users += 1
        try:
            if _is_current(known, folder, stays=stays):
                os.fsync(known.descriptor)
                return True
        except OSError as error:
            if not is_gone(error) and error.errno != errno.EBADF:
                raise
        finally:
            with self._guard:
                known.users -= 1
                _close_unused(known)
        self._drop(folder)
        return False

    def keep(self, folder: Path) -> None:
        """Open a folder for later flushes; does nothing if it does not exist."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        with self._guard:
            _drop(self._open.pop(folder, None))
            self._open[folder] = _Folder(descriptor, time.monotonic())
            while len(self._open) > _MOST:
                _drop(self._open.popitem(last=False)[1])

    def _drop(self, folder: Path) -> None:
        with self._guard:
            _drop(self._open.pop(folder, None))


def _is_current(known: _Folder, folder: Path, *, stays: bool) -> bool:
    """Whether the path still names the open folder. Over a network each check is a call."""
    if time.monotonic() > known.checked + _CHECK_SECONDS:
        known.checked = time.monotonic()
        return os.path.samestat(os.fstat(known.descriptor), folder.stat())
    return stays or os.fstat(known.descriptor).st_nlink > 0


def _drop(known: _Folder | None) -> None:
    if known is not None:
        known.is_dropped = True
        _close_unused(known)


def _close_unused(known: _Folder) -> None:
    if known.is_dropped and not known.users:
        with suppress(OSError):
            os.close(known.descriptor)
