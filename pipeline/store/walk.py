"""Walking the images by age, reading no more folders than the page needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

from pipeline.ids import is_id
from pipeline.volume.files import is_gone
from pipeline.volume.layout import bucket_names, ids_of_minute, is_day


class Stamp(NamedTuple):
    """What the file system says of a folder: whatever adds, replaces or removes a file in it changes `changed`, which
    nobody can set, unlike `modified`. Both in nanoseconds since the epoch, by the volume's own clock."""

    changed: int
    modified: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        """The stamp of a folder."""
        return cls(found.st_ctime_ns, found.st_mtime_ns, found.st_ino)


def newest_first(images: Path, before: str | None) -> Iterator[str]:
    """The ids below `images` that are older than `before`, newest first."""
    last_day, last_minute = bucket_names(before) if before is not None else ("9999-99-99", "9999")
    for day in days_in(images, newest=True):
        if day > last_day:
            continue
        for minute in names_in(images / day, newest=True):
            if day == last_day and minute > last_minute:
                continue
            for image_id in reversed(ids_in(images / day / minute)):
                if before is None or image_id < before:
                    yield image_id


def oldest_first(images: Path, after: str) -> Iterator[str]:
    """The ids below `images` that are newer than `after`, oldest first."""
    first_day, first_minute = bucket_names(after)
    for day in days_in(images):
        if day < first_day:
            continue
        for minute in names_in(images / day):
            if day == first_day and minute < first_minute:
                continue
            for image_id in ids_in(images / day / minute):
                if image_id > after:
                    yield image_id


def days_in(images: Path, *, newest: bool = False) -> list[str]:
    """The days below the folder `images`, oldest or newest first; raises `OSError`."""
    return [name for name in names_in(images, newest=newest) if is_day(name)]


def ids_in(bucket: Path) -> list[str]:
    """The ids in the folder of a minute, oldest first; skips everything that does not belong there."""
    belongs = ids_of_minute(bucket.parent.name, bucket.name)
    if belongs is None:
        return []
    least, end = belongs
    return [name for name in names_in(bucket) if least <= name < end and is_id(name)]


def stamps_in(folder: Path) -> dict[str, Stamp]:
    """The entries of a folder and their stamps, by name, oldest first; none if it was removed meanwhile.

    Over a network a listing brings the stamps along, so that they cost no call for each entry. Raises `OSError`.
    """
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if stamp := _stamp(entry):
                    found[entry.name] = stamp
    except OSError as error:
        if not is_gone(error):
            raise
    return dict(sorted(found.items()))


def _stamp(entry: os.DirEntry[str]) -> Stamp | None:
    """The stamp of an entry; None if it was removed meanwhile, which leaves the others listed."""
    try:
        return Stamp.of(entry.stat(follow_symlinks=False))
    except OSError as error:
        if is_gone(error):
            return None
        raise


def stamped_ids_in(bucket: Path) -> dict[str, Stamp]:
    """As `ids_in`, with the stamps of the images' folders."""
    belongs = ids_of_minute(bucket.parent.name, bucket.name)
    if belongs is None:
        return {}
    least, end = belongs
    return {name: stamp for name, stamp in stamps_in(bucket).items() if least <= name < end and is_id(name)}


def names_in(folder: Path, *, newest: bool = False) -> list[str]:
    """The entries of a folder, by name, oldest or newest first; none if it was removed meanwhile. Raises `OSError`."""
    try:
        return sorted(os.listdir(folder), reverse=newest)
    except OSError as error:
        if not is_gone(error) or folder.name == "images":
            raise
        return []
