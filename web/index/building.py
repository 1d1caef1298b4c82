"""Building the index from the folders."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from pipeline.store.listing import days_in, ids_in, names_in
from web.index.changes import Changes
from web.index.events import EventLog
from web.index.folders import Folders
from web.index.refresh import Refresher

_AT_ONCE = 200
_CHECKPOINT_EVERY = 25
_log = structlog.get_logger()


def build(refresher: Refresher, events: EventLog, checkpoint: Callable[[], None]) -> None:
    """Fill the current generation, and mark it as whole.

    What changes meanwhile is written by whoever changes it, or told by events, or seen by the comparison at the end.
    Raises `Unusable`, `OSError`, and the volume's named errors.
    """
    began, images = time.monotonic(), 0
    events.take(0)
    _set_position(refresher, events.position)
    for number, ids in enumerate(_walk(refresher.volume.layout.images)):
        found = refresher.read(ids, listed=True)
        rows = [refresher.codec.row(record) for record in found.values() if record]
        with refresher.database.open() as opened:
            Changes(opened, refresher.codec).fill(rows)
        images += len(rows)
        _apply(refresher, events)
        if number % _CHECKPOINT_EVERY == 0:
            checkpoint()
    folders = Folders(refresher)
    folders.compare()
    with refresher.database.open() as opened:
        opened.connection.execute("UPDATE about SET whole = 1")
    _log.info("index built", images=images, seconds=round(time.monotonic() - began, 1))


def _walk(images: Path) -> Iterator[list[str]]:
    """The ids on the volume, oldest first, some at a time."""
    for day in days_in(images):
        ids: list[str] = []
        for minute in names_in(images / day):
            ids += ids_in(images / day / minute)
            while len(ids) >= _AT_ONCE:
                yield ids[:_AT_ONCE]
                del ids[:_AT_ONCE]
        if ids:
            yield ids


def _set_position(refresher: Refresher, position: str | None) -> None:
    if position is not None:
        refresher.refresh((), position)


def _apply(refresher: Refresher, events: EventLog) -> None:
    news = events.take(0)
    if news.position is not None:
        refresher.refresh(news.ids, news.position)
