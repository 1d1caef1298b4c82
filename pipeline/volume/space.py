"""Room on the volume: enough is kept free for the renditions of what was accepted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import VolumeFull

_INODES_KEPT = 512
_INODES_EACH = 3


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of a volume that an unprivileged process may use."""

    free: int
    total: int


def space(root: Path) -> Space:
    """Free and total space; raises `OSError` if the volume does not answer."""
    found = os.statvfs(root)
    return Space(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def require_room(root: Path, more: int, reserve: int, waiting: int = 0) -> None:
    """Raise `VolumeFull` unless `more` bytes fit in addition to the reserve, and inodes for `waiting` images."""
    found = os.statvfs(root)
    if found.f_bavail * found.f_frsize < more + reserve:
        raise VolumeFull
    if found.f_files and found.f_favail < _INODES_KEPT + waiting * _INODES_EACH:
        raise VolumeFull
