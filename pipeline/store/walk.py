"""Walking the images newest first, reading no more folders than the page needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.ids import is_id, made_at


def newest_first(images: Path, before: str | None) -> Iterator[str]:
    """The ids below `images` that are older than `before`, newest first."""
    last_day, last_minute = "9999-99-99", "9999"
    if before is not None:
        at = made_at(before)
        last_day, last_minute = f"{at:%Y-%m-%d}", f"{at:%H%M}"
    for day in _names(images):
        if day > last_day:
            continue
        for minute in _names(images / day):
            if day == last_day and minute > last_minute:
                continue
            for image_id in _names(images / day / minute):
                if is_id(image_id) and (before is None or image_id < before):
                    yield image_id


def _names(folder: Path) -> list[str]:
    """The entries of a folder, last first; none where it was removed meanwhile."""
    try:
        return sorted(os.listdir(folder), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        if folder.name == "images":
            raise
        return []
