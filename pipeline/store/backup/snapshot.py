"""One image at one moment, read from a volume that is in use."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, NamedTuple

from pipeline.records import Record
from pipeline.store import trash
from pipeline.store.checks.tree import images
from pipeline.volume.files import is_gone, open_file
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume

_LOOKS = 5


class Place(StrEnum):
    """Where an image is: the folder of the volume that it lies below."""

    IMAGES = "images"
    TRASH = "trash"


class SourceUnreadable(ValueError):
    """The volume has no such file, or cannot read it: an error of the source of a backup, never of its target."""

    def __init__(self, name: str, error: OSError) -> None:
        self.is_gone = is_gone(error)
        super().__init__(f"it has no {name}" if self.is_gone else f"{name} cannot be read: {error.strerror}")


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Tell the errors of reading a file of the volume from all others."""
    try:
        yield
    except OSError as error:
        raise SourceUnreadable(name, error) from error


class HashedReader:
    """Reads a file to its end, and hashes it meanwhile."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes."""
        data = self._file.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    def is_original(self, record: Record) -> bool:
        """Whether what was read is the original that the record tells of."""
        return (self._hash.hexdigest(), self.size) == (record.sha256, record.bytes)


class OriginalReader(HashedReader):
    """Reads an original of the volume; raises `SourceUnreadable`."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        super().__init__(file)
        self._name = name

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes."""
        with _reading(self._name):
            return super().read(size)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A record, the bytes of `image.json`, the renditions that it tells of by file name, and the original, open.

    `length` is that of the original in bytes.
    """

    place: Place
    record: Record
    raw: bytes
    renditions: dict[str, bytes]
    original: OriginalReader
    length: int

    @property
    def is_whole(self) -> bool:
        """Whether the original, once it was read, is the one that the record tells of."""
        return self.original.is_original(self.record)


class Backed(NamedTuple):
    """An image in a backup: where it was, its id, and its files by name, the record last; each is read in its turn."""

    place: Place
    id: str
    files: Iterator[tuple[str, IO[bytes]]]


def listed(volume: Volume) -> Iterator[tuple[Place, Path]]:
    """The folders of all images, those in the trash last; raises `OSError` or the volume's named errors."""
    for folder in images(volume):
        yield Place.IMAGES, folder
    for image_id in trash.ids(volume):
        yield Place.TRASH, volume.layout.trashed(image_id)


@contextmanager
def snapshot(place: Place, folder: Path) -> Iterator[Snapshot]:
    """One image; raises `ValueError` if its record is damaged, and `SourceUnreadable`.

    The original never changes. The record and the renditions may be replaced meanwhile: then all are read again.
    """
    for _ in range(_LOOKS):
        with _reading(RECORD):
            raw = read_file(folder / RECORD)
        record = Record.from_json(raw)
        if record.id != folder.name:
            raise ValueError(f"its record is that of {record.id}")
        with _reading("folder"):
            renditions = _renditions(folder, record)
        if len(renditions) == len(record.renditions):
            break
    with _reading(record.original):
        original = open_file(folder / record.original)
    with original:
        with _reading(record.original):
            length = os.fstat(original.fileno()).st_size
        yield Snapshot(place, record, raw, renditions, OriginalReader(original, record.original), length)


def _renditions(folder: Path, record: Record) -> dict[str, bytes]:
    """The files whose bytes the record tells of, by name; one that cannot be read is left out: it is made again."""
    wanted = {info.sha256: info.bytes for info in record.renditions.values()}
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name in (RECORD, record.original):
                continue
            with suppress(OSError):
                if entry.is_file(follow_symlinks=False):
                    data = read_file(Path(entry))
                    if hashlib.sha256(data).hexdigest() in wanted:
                        found[entry.name] = data
    return found


def read_file(path: Path) -> bytes:
    """The bytes of a regular file; follows no link. Raises `OSError`."""
    with open_file(path) as file:
        return file.read()
