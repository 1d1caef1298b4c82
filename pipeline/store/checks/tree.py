"""The rules of the folders above the images, and of stray files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.ids import is_id
from pipeline.store import repairs
from pipeline.store.checks.disk import entries, images_below, is_claimed, is_folder, read_record
from pipeline.store.checks.violation import Violation, printable
from pipeline.volume.layout import MOVING, RECORD, ids_of_minute, is_day
from pipeline.volume.volume import Volume

# What file systems and storage systems put into the root of a volume.
_NOT_OURS = frozenset({"lost+found", ".snapshot", ".snapshots", ".zfs"})


def images(volume: Volume) -> Iterator[Path]:
    """The folders that are where an image's should be, oldest first; raises `OSError` if the volume is not there."""
    volume.layout.images.stat()
    for bucket, belongs in _minutes(volume):
        for entry in _readable(bucket):
            if _is_image(entry, belongs):
                yield Path(entry)


def check_tree(volume: Volume) -> Iterator[Violation]:
    """The rules of the root, of days and of minutes: what is missing, stray, empty or unreadable."""
    layout = volume.layout
    for name in layout.FOLDERS:
        path = layout.root / name
        if not os.path.lexists(path):
            yield Violation("folder-missing", name, "This folder is not there.", volume.prepare)
        elif not path.is_dir():
            yield Violation("folder-missing", name, "This is not a folder. Put it elsewhere.")
    for entry in entries(layout.root):
        if entry.name not in {*layout.FOLDERS, *layout.BESIDE, *_NOT_OURS}:
            yield stray(volume, entry)
    for day in entries(layout.images):
        yield from _check_day(volume, day)


def stray(
    volume: Volume, entry: os.DirEntry[str], sentence: str = "Nothing of the gallery's has this name."
) -> Violation:
    """A stray file or folder: reported, and never removed."""
    if entry.is_symlink():
        sentence = "It is a symbolic link, which the gallery never makes."
    code = "stray-folder" if entry.is_dir(follow_symlinks=False) else "stray-file"
    return Violation(code, printable(Path(entry), volume.layout.root), sentence)


def not_a_file(volume: Volume, entry: os.DirEntry[str]) -> Violation:
    """Something else in the place of a file: an empty folder is removed."""
    where = printable(Path(entry), volume.layout.root)
    if entry.is_dir(follow_symlinks=False):
        return Violation(
            "not-a-file", where, "There is a folder in the place of a file.", repairs.remove_folder(Path(entry))
        )
    return Violation("not-a-file", where, "This is not a file. Put it elsewhere.")


def unreadable(volume: Volume, path: Path, error: OSError) -> Violation:
    """A folder that cannot be read: reported, and left as it is."""
    sentence = f"It cannot be read ({error.strerror}). Give it back to the user that the services run as."
    return Violation("unreadable", printable(path, volume.layout.root), sentence)


def _check_day(volume: Volume, day: os.DirEntry[str]) -> Iterator[Violation]:
    if not day.is_dir(follow_symlinks=False):
        yield stray(volume, day)
    elif not is_day(day.name):
        yield from _astray(volume, day, "No day has this name, so nothing in it is shown.")
    else:
        yield from _guarded(volume, Path(day), _check_minutes(volume, Path(day)))


def _check_minutes(volume: Volume, day: Path) -> Iterator[Violation]:
    minutes = entries(day)
    if not minutes:
        yield _empty(volume, day)
    for minute in minutes:
        if not minute.is_dir(follow_symlinks=False):
            yield stray(volume, minute)
        elif (belongs := ids_of_minute(day.name, minute.name)) is None:
            yield from _astray(volume, minute, "No minute has this name, so nothing in it is shown.")
        else:
            yield from _guarded(volume, Path(minute), _check_minute(volume, Path(minute), belongs))


def _check_minute(volume: Volume, minute: Path, belongs: tuple[str, str]) -> Iterator[Violation]:
    found = entries(minute)
    if not found:
        yield _empty(volume, minute)
    for entry in found:
        if _is_image(entry, belongs):
            continue
        if entry.name.endswith(MOVING) and is_id(entry.name.removesuffix(MOVING)):
            where = printable(Path(entry), volume.layout.root)
            yield Violation("half-moved", where, "A repair was cut short.", folder=Path(entry))
        elif entry.is_dir(follow_symlinks=False):
            yield from _astray(volume, entry, "No image of this name belongs here, so it is not shown.")
        else:
            yield stray(volume, entry)


def _astray(volume: Volume, entry: os.DirEntry[str], sentence: str) -> Iterator[Violation]:
    """A folder in the wrong place: the images in it that the gallery lacks, and everything else in it."""
    try:
        lost = [folder for folder in images_below(Path(entry)) if _is_missed(volume, folder)]
        others = _others(Path(entry), set(lost))
    except OSError as error:
        yield unreadable(volume, Path(entry), error)
        return
    for folder in lost:
        home = printable(volume.layout.image(folder.name), volume.layout.root)
        where = printable(folder, volume.layout.root)
        yield Violation("misplaced", where, f"This image belongs in {home}.", folder=folder)
    if others or not lost:
        yield stray(volume, entry, sentence)


def _is_missed(volume: Volume, folder: Path) -> bool:
    """Whether the gallery lost this image without deleting it: its claim still exists."""
    try:
        record = read_record(folder / RECORD)
    except ValueError:
        return False
    known = record.id == folder.name and not record.is_newer
    return known and not is_kept(volume, record.id) and is_claimed(volume, record)


def is_kept(volume: Volume, image_id: str) -> bool:
    """Whether an image is in its place or in the trash."""
    return is_folder(volume.layout.image(image_id)) or is_folder(volume.layout.trashed(image_id))


def _others(folder: Path, lost: set[Path]) -> bool:
    """Whether a folder holds anything besides these images and the folders above them."""
    if folder in lost:
        return False
    found = entries(folder)
    return not found or any(not e.is_dir(follow_symlinks=False) or _others(Path(e), lost) for e in found)


def _guarded(volume: Volume, folder: Path, found: Iterator[Violation]) -> Iterator[Violation]:
    try:
        yield from found
    except OSError as error:
        yield unreadable(volume, folder, error)


def _empty(volume: Volume, folder: Path) -> Violation:
    repair = repairs.remove_empty(volume, folder)
    return Violation("empty-folder", printable(folder, volume.layout.root), "It holds nothing.", repair)


def _minutes(volume: Volume) -> Iterator[tuple[Path, tuple[str, str]]]:
    for day in entries(volume.layout.images):
        if day.is_dir(follow_symlinks=False) and is_day(day.name):
            for minute in _readable(Path(day)):
                belongs = ids_of_minute(day.name, minute.name)
                if belongs is not None and minute.is_dir(follow_symlinks=False):
                    yield Path(minute), belongs


def _is_image(entry: os.DirEntry[str], belongs: tuple[str, str]) -> bool:
    return belongs[0] <= entry.name < belongs[1] and is_id(entry.name) and entry.is_dir(follow_symlinks=False)


def _readable(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder; none if it cannot be read, which `check_tree` reports."""
    try:
        return entries(folder)
    except OSError:
        return []
