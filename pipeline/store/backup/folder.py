"""A backup in a folder: laid out as a volume, so that people find their pictures in it, and other tools copy it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from pipeline.ids import is_id
from pipeline.records import Record
from pipeline.store.backup.snapshot import Backed, Place, Snapshot, read_file
from pipeline.volume.files import flush_folder, open_file, put_whole, remove_temporaries, write_flushed
from pipeline.volume.layout import RECORD, Layout

_PIECE = 1024 * 1024
_DAMAGED = "damaged"  # an empty file beside an original that was not whole as it was copied


class OtherGallery(Exception):
    """The folder holds the backup of another gallery."""


class FolderBackup:
    """Holds every image whole or not at all, whenever the process that writes it is killed."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root)

    def begin(self, identity: bytes) -> None:
        """Prepare the folder for the gallery with this `volume.json`; raises `OtherGallery` or `OSError`."""
        for folder in (self.layout.images, self.layout.trash, self.layout.incoming, self.layout.locks):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if read_file(self.layout.identity) != identity:
                raise OtherGallery
        if not self.layout.identity.exists():
            put_whole(self.layout.identity, identity)
            flush_folder(self.layout.root)
        for leftover in self.layout.incoming.iterdir():
            shutil.rmtree(leftover)

    def put(self, image: Snapshot) -> tuple[str, bool]:
        """Copy an image as far as it is not here: `copied`, `updated` or `here already`, and whether its original has
        the bytes that its record tells of. Raises `SourceUnreadable` or `OSError`."""
        folder = self._place(image)
        if self._has_original(folder, image.record):
            if self._is_up_to_date(folder, image):
                return "here already", True
            self._update(folder, image)
            return "updated", True
        return "copied", self._copy(folder, image)

    def _place(self, image: Snapshot) -> Path:
        """The image's folder. If the image was deleted or restored since the last run, its backup is moved there."""
        places = {
            Place.IMAGES: self.layout.image(image.record.id),
            Place.TRASH: self.layout.trashed(image.record.id),
        }
        folder = places.pop(image.place)
        other = next(iter(places.values()))
        folder.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        if other.is_dir() and not folder.exists():
            other.rename(folder)
            for parent in (folder.parent, other.parent):
                flush_folder(parent)
        return folder

    def _has_original(self, folder: Path, record: Record) -> bool:
        """Whether the original was copied whole; one that was damaged is copied again, as it may be repaired."""
        return self._is_of(folder, record) and not os.path.lexists(folder / _DAMAGED)

    def _is_of(self, folder: Path, record: Record) -> bool:
        try:
            known = Record.from_json(read_file(folder / RECORD))
            return known.sha256 == record.sha256 and (folder / record.original).stat().st_size == record.bytes
        except (OSError, ValueError):
            return False

    def _is_up_to_date(self, folder: Path, image: Snapshot) -> bool:
        try:
            return read_file(folder / RECORD) == image.raw and all(
                (folder / name).stat().st_size == len(data) for name, data in image.renditions.items()
            )
        except OSError:
            return False

    def _update(self, folder: Path, image: Snapshot) -> None:
        """Replace renditions and record, the record last."""
        remove_temporaries(folder)
        kept = {RECORD, _DAMAGED, image.record.original, *image.renditions}
        for name, data in image.renditions.items():
            put_whole(folder / name, data)
        flush_folder(folder)
        put_whole(folder / RECORD, image.raw)
        flush_folder(folder)
        for entry in folder.iterdir():
            if entry.name not in kept and not entry.is_dir():
                entry.unlink()

    def _copy(self, folder: Path, image: Snapshot) -> bool:
        """Copy an image under another name, and move it to its place; whether its original is what it should be.

        One that is damaged never replaces one that is here.
        """
        new = self.layout.incoming / image.record.id
        new.mkdir(mode=0o750)
        try:
            with (new / image.record.original).open("wb") as file:
                shutil.copyfileobj(image.original, file, _PIECE)
                file.flush()
                os.fsync(file.fileno())
            for name, data in {**image.renditions, RECORD: image.raw}.items():
                write_flushed(new / name, data)
            if not image.is_whole:
                write_flushed(new / _DAMAGED, b"")
            flush_folder(new)
            if folder.exists() and image.is_whole:
                shutil.rmtree(folder)  # its original is damaged, or not the one of this image
            if not folder.exists():
                new.rename(folder)
                for parent in (folder.parent, *folder.parent.parents[:2]):
                    flush_folder(parent)
            elif self._is_of(folder, image.record) and not self._is_up_to_date(folder, image):
                self._update(folder, image)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        return image.is_whole


def read_folder(root: Path) -> Iterator[Backed]:
    """Every image of a backup in a folder; raises `OSError`."""
    for place in Place:
        for path, folders, _ in os.walk(root / place):
            folders.sort()
            if is_id(Path(path).name):
                folders.clear()
                yield Backed(place, Path(path).name, _files(Path(path)))


def _files(folder: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of an image, its record last."""
    for name in sorted(os.listdir(folder), key=lambda name: (name == RECORD, name)):
        if (folder / name).is_file() and not (folder / name).is_symlink():
            with open_file(folder / name) as file:
                yield name, file
