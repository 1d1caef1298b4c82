"""The rules of the trash: whole images, each with its claim, none of which is in the gallery too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import GalleryError
from pipeline.ids import is_id
from pipeline.records import Record
from pipeline.store import duplicates, repairs
from pipeline.store.checks.disk import entries, is_file, read_record
from pipeline.store.checks.tree import stray, unreadable
from pipeline.store.checks.violation import Violation, printable
from pipeline.volume.layout import RECORD
from pipeline.volume.volume import Volume


def check_trash(volume: Volume) -> Iterator[Violation]:
    """The rules of `trash`."""
    folder = volume.layout.trash
    if not folder.is_dir():
        return  # `check_tree` reports it
    try:
        for entry in entries(folder):
            if is_id(entry.name) and entry.is_dir(follow_symlinks=False):
                yield from _check(volume, Path(entry))
            else:
                yield stray(volume, entry)
    except (OSError, GalleryError) as error:
        yield unreadable(volume, folder, error if isinstance(error, OSError) else OSError(0, str(error)))


def _check(volume: Volume, folder: Path) -> Iterator[Violation]:
    where = printable(folder, volume.layout.root)
    try:
        record = read_record(folder / RECORD)
    except FileNotFoundError:
        if folder.exists():
            yield Violation("trash-damaged", where, "It has no record and cannot be restored.")
        return
    except ValueError:
        yield Violation("trash-damaged", where, "Its record is damaged: it cannot be restored.")
        return
    if record.id != folder.name:
        yield Violation("trash-damaged", where, f"Its record is that of {record.id}: it cannot be restored.")
    elif _is_in_gallery(volume, record.id):
        sentence = "The same image is in the gallery too."
        yield Violation("trash-copy", where, sentence, repairs.drop_trashed_copy(volume, record))
    else:
        yield from _contents(volume, folder, record, where)


def _is_in_gallery(volume: Volume, image_id: str) -> bool:
    try:
        return read_record(volume.layout.record(image_id)).id == image_id
    except (OSError, ValueError):
        return False  # if something lies there, `check_image` reports it


def _contents(volume: Volume, folder: Path, record: Record, where: str) -> Iterator[Violation]:
    original = folder / record.original
    if not is_file(original) or original.stat().st_size != record.bytes:
        sentence = f"Its {record.original} is missing or damaged: upload the picture again to restore the image."
        yield Violation("trash-damaged", where, sentence)
    if duplicates.claimed_by(volume, record.sha256) is None:
        sentence = "Its bytes are not claimed: uploading the picture again would not restore it."
        yield Violation("trash-unclaimed", where, sentence, repairs.claim(volume, record))
