"""Walking the images by age, reading no more folders than the page needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.ids import is_id, made_at


def newest_first(images: Path, before: str | None) -> Iterator[str]:
    """The ids below `images` that are older than `before`, newest first."""
    last_day, last_minute = _bucket(before) if before is not None else ("9999-99-99", "9999")
    for day in _names(images, newest=True):
        if day > last_day:
            continue
        for minute in _names(images / day, newest=True):
            if day == last_day and minute > last_minute:
                continue
            for image_id in _names(images / day / minute, newest=True):
                if (before is None or image_id < before) and is_id(image_id):
                    yield image_id


def oldest_first(images: Path, after: str) -> Iterator[str]:
    """The ids below `images` that are newer than `after`, oldest first."""
    first_day, first_minute = _bucket(after)
    for day in _names(images):
        if day < first_day:
            continue
        for minute in _names(images / day):
            if day == first_day and minute < first_minute:
                continue
            for image_id in _names(images / day / minute):
                if image_id > after and is_id(image_id):
                    yield image_id


def _bucket(image_id: str) -> tuple[str, str]:
    """The names of the folders of the day and the minute of an id."""
    at = made_at(image_id)
    return f"{at:%Y-%m-%d}", f"{at:%H%M}"


def _names(folder: Path, *, newest: bool = False) -> list[str]:
    """The entries of a folder, by name, oldest or newest first; none where it was removed meanwhile."""
    try:
        return sorted(os.listdir(folder), reverse=newest)
    except (FileNotFoundError, NotADirectoryError):
        if folder.name == "images":
            raise
        return []
