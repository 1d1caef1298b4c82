"""What lies in a folder to be imported: every entry once, in a fixed order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """An entry that is not to be sent: why, and the error if there was one."""

    path: Path
    why: str
    error: OSError | None = None


def entries(folder: Path) -> Iterator[Path | SkippedEntry]:
    """Every file below a folder, and every entry that is no file or cannot be read; hidden entries are skipped.

    Links to files count as files, links to folders are not followed.
    """
    waiting: list[Path] = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as scan:
                found = sorted((entry for entry in scan if not entry.name.startswith(".")), key=lambda e: e.name)
        except OSError as error:
            yield SkippedEntry(here, "", error)
            continue
        folders = []
        for entry in found:
            path = here / entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.is_symlink() and entry.is_dir():
                    yield SkippedEntry(path, "a link to a folder, which is not followed")
                else:
                    yield path
            except OSError as error:
                yield SkippedEntry(path, "", error)
        waiting += reversed(folders)


def kind(mode: int) -> str | None:
    """The kind of an entry that is not a regular file, as a phrase."""
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")
