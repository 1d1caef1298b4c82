"""Builds the index from the folders: a day's records from the day's file, as far as it still matches the folders, and
all others one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pipeline.errors import VolumeUnavailable
from pipeline.store.day_file import Known
from pipeline.store.day_folder import SETTLED_SECONDS, mtime_of
from pipeline.store.walk import Stamp, days_in, ids_in, names_in, stamped_ids_in
from pipeline.volume.volume import Volume
from web.index.changes import Changes
from web.index.events import EventLog
from web.index.folders import Folders
from web.index.refresh import Refresher
from web.index.rows import Codec, Row, packed_id

# A transaction writes whole database pages, and the images of many days change the same ones: so days share it.
_AT_ONCE = 2000
# Fewer if records are read one by one, since events and the progress that people see wait meanwhile.
_READ_AT_ONCE = 200
_CHECKPOINT_EVERY = 5
_log = structlog.get_logger()


def build(refresher: Refresher, events: EventLog, checkpoint: Callable[[], None]) -> int:
    """Fill the current generation, and mark it as complete; returns how many records were read one by one.

    Changes made meanwhile are written by whoever makes them, reported by events, or found by the comparison at the end.
    Raises `Unusable`, `OSError`, and the volume's named errors.
    """
    began, images, read = time.monotonic(), 0, 0
    events.take(0)
    _set_position(refresher, events.position)
    settled = _settled(refresher.volume)
    for number, part in enumerate(_walk(refresher.volume)):
        rows = _rows(refresher.codec, part)
        found = refresher.read(part.unknown, listed=True)
        rows += [refresher.codec.row(record) for record in found.values() if record]
        with refresher.database.open() as opened:
            Changes(opened, refresher.codec).fill(rows)
            ends = [(day, mtime) for day, mtime in part.ends if mtime < settled]
            opened.connection.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?)", ends)
        images, read = images + len(rows), read + len(found)
        _apply(refresher, events)
        if number % _CHECKPOINT_EVERY == 0:
            checkpoint()
    folders = Folders(refresher)
    folders.compare()
    if (unread := len(refresher.unread)) > images:
        raise VolumeUnavailable(f"{unread} of {unread + images} records cannot be read")
    with refresher.database.open() as opened:
        opened.connection.execute("UPDATE about SET whole = 1")
    _log.info("index built", images=images, records_read=read, seconds=round(time.monotonic() - began, 1))
    return read


@dataclass(slots=True)
class _Part:
    """Some images: the records in the files of their days, and the ids of the others. `ends` are the days of which this
    part has the last images, with the modification time that each day's folder had before it was listed."""

    known: dict[str, bytes] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    ends: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.known) >= _AT_ONCE or len(self.unknown) >= _READ_AT_ONCE


def _walk(volume: Volume) -> Iterator[_Part]:
    """The images on the volume, oldest first, in batches."""
    images, part = volume.layout.images, _Part()
    for day in days_in(images):
        mtime, known = mtime_of(images / day), Known(volume, day)
        for minute in names_in(images / day):
            for image_id, found in _listed(images / day / minute, known):
                record = known.find(image_id, found) if found else None
                if record is None:
                    part.unknown.append(image_id)
                else:
                    part.known[image_id] = record
                if part.is_full:
                    yield part
                    part = _Part()
        part.ends.append((day, mtime))
    yield part


def _rows(codec: Codec, part: _Part) -> list[Row]:
    """The rows of the known records. If a record does not match its id, the id is left to be read."""
    rows = []
    for image_id, data in part.known.items():
        try:
            row = codec.row_of(data)
        except ValueError:
            row = None
        if row and row.id == packed_id(image_id):
            rows.append(row)
        else:
            part.unknown.append(image_id)
    return rows


def _listed(minute: Path, known: Known) -> Iterable[tuple[str, Stamp | None]]:
    if known.is_empty:
        return ((image_id, None) for image_id in ids_in(minute))
    return stamped_ids_in(minute).items()


def _settled(volume: Volume) -> int:
    """Folders with an older modification time have settled: any later change gives them another one. By the volume's
    own clock; 0 if that cannot be read, so that no folder counts as settled."""
    try:
        return volume.now_ns() - int(SETTLED_SECONDS * 1e9)
    except OSError:
        return 0


def _set_position(refresher: Refresher, position: str | None) -> None:
    if position is not None:
        refresher.refresh((), position)


def _apply(refresher: Refresher, events: EventLog) -> None:
    news = events.take(0)
    if news.position is not None:
        refresher.refresh(news.ids, news.position)
