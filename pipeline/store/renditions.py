"""The files of renditions, compared with what is said of them."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from pipeline.images.recipe import RECIPE
from pipeline.images.view_format import GRID_FORMAT, VIEW_FORMATS
from pipeline.records import Record, StoredRendition
from pipeline.volume.files import open_file, refresh
from pipeline.volume.layout import rendition_name
from pipeline.volume.volume import Volume


def intact(volume: Volume, record: Record) -> dict[str, StoredRendition]:
    """The renditions whose files are what the record says: a power loss may have left the word of one, and not its
    name, or its name on an earlier one."""
    found = {}
    for name, info in record.renditions.items():
        path = volume.layout.rendition(record.id, name, info.format)
        with suppress(OSError):  # one that cannot be read is made again
            refresh(path.parent)
            with open_file(path) as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == info.sha256:
                    found[name] = info
    return found


def has_grid(record: Record) -> bool:
    """Whether a record names a grid of today's recipe."""
    return "grid" in record.renditions and record.recipe == RECIPE


def file_names(record: Record) -> set[str]:
    """The names of the files that a record's renditions have."""
    return {rendition_name(name, info.format) for name, info in record.renditions.items()}


def possible_names() -> set[str]:
    """Every name that the file of a rendition may have."""
    return {rendition_name("grid", GRID_FORMAT), *(rendition_name("view", format_) for format_ in VIEW_FORMATS)}


def former_names(folder: Path, record: Record) -> set[str]:
    """The renditions in an image's folder that its record does not name: of another format, and made before, or left
    by an attempt that died."""
    return (possible_names() - file_names(record)).intersection(os.listdir(folder))


def remove_former(folder: Path, record: Record) -> None:
    """Remove what `former_names` finds. The record is on disk, and its image in the caller's hands."""
    for name in former_names(folder, record):
        (folder / name).unlink(missing_ok=True)
