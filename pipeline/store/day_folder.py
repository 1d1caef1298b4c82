"""A day's folder: its modification time says whether an image was added or removed since it was last looked at."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.volume.files import is_gone

SETTLED_SECONDS = 2.0
"""How long after a touch another may leave the same modification time, in the grain of the volume's clock."""


def touch(day: Path) -> None:
    """Mark a day as changed, after adding or removing an image; harmless if the day is gone by now."""
    try:
        os.utime(day)
    except OSError as error:
        if not is_gone(error):
            raise


def mtime_of(day: Path) -> int:
    """The modification time of a day's folder in nanoseconds, 0 if it is gone.

    The folder is opened: over a network only that asks for its time again.
    """
    try:
        descriptor = os.open(day, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        if is_gone(error):
            return 0
        raise
    try:
        return os.fstat(descriptor).st_mtime_ns
    finally:
        os.close(descriptor)
