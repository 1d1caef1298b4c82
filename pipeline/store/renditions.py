"""The files of renditions, compared with what is said of them."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from pipeline.records import Record, RenditionInfo
from pipeline.volume.files import open_file, refresh
from pipeline.volume.volume import Volume


def intact(volume: Volume, record: Record) -> dict[str, RenditionInfo]:
    """The renditions whose files are what the record says: a power loss may have left the word of one, and not its
    name, or its name on an earlier one."""
    found = {}
    for name, info in record.renditions.items():
        path = volume.layout.rendition(record.id, name)
        with suppress(OSError):  # one that cannot be read is made anew
            refresh(path.parent)
            with open_file(path) as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == info.sha256:
                    found[name] = info
    return found
