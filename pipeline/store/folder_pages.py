"""Pages of records, read from the folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from pipeline.errors import volume_error
from pipeline.records import Record, State
from pipeline.store import outbox, reading
from pipeline.store.walk import newest_first, oldest_first
from pipeline.volume.volume import Volume


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the id to continue from, or None at the end."""

    records: list[Record]
    next: str | None


def page(volume: Volume, before: str | None, limit: int, state: State | None) -> Page:
    """Up to `limit` records older than the id `before`, newest first."""
    return _page(volume, _ids(volume, before, state), limit, state)


def page_after(volume: Volume, after: str, before: str | None, limit: int, state: State | None) -> Page:
    """Up to `limit` records newer than the id `after`, and older than `before`, oldest first."""
    return _page(volume, _between(_ids_after(volume, after, state), before), limit, state)


def ids(volume: Volume, before: str | None = None, state: State | None = None) -> Iterator[str]:
    """The ids older than `before`, newest first; the state comes from the markers, and no record is read. Raises the
    volume's named errors."""
    return _of_state(volume, _ids(volume, before, state), state)


def ids_after(volume: Volume, after: str, before: str | None = None, state: State | None = None) -> Iterator[str]:
    """As `ids`, but those newer than `after` and older than `before`, oldest first."""
    return _of_state(volume, _between(_ids_after(volume, after, state), before), state)


def _between(newer: Iterator[str], before: str | None) -> Iterator[str]:
    return newer if before is None else takewhile(lambda image_id: image_id < before, newer)


def _of_state(volume: Volume, found: Iterator[str], state: State | None) -> Iterator[str]:
    """Ready images have no marker: those that have one are left out."""
    if state is not State.READY:
        return found
    marked = {*outbox.pending(volume), *outbox.failed(volume)}
    return (image_id for image_id in found if image_id not in marked)


def _ids(volume: Volume, before: str | None, state: State | None) -> Iterator[str]:
    marked = _marked(volume, state)
    try:
        if marked is not None:
            yield from (name for name in reversed(marked) if before is None or name < before)
        else:
            yield from newest_first(volume.layout.images, before)
    except OSError as error:
        raise volume_error(error) from error


def _ids_after(volume: Volume, after: str, state: State | None) -> Iterator[str]:
    marked = _marked(volume, state)
    try:
        if marked is not None:
            yield from (name for name in marked if name > after)
        else:
            yield from oldest_first(volume.layout.images, after)
    except OSError as error:
        raise volume_error(error) from error


def _marked(volume: Volume, state: State | None) -> list[str] | None:
    """The ids with a marker for a state, oldest first; None if the state has no markers."""
    marks: Mapping[State | None, os.PathLike[str]] = {
        State.PENDING: volume.layout.pending,
        State.FAILED: volume.layout.failed,
    }
    folder = marks.get(state)
    return None if folder is None else outbox.ids_in(folder)


def _page(volume: Volume, found: Iterator[str], limit: int, state: State | None) -> Page:
    records: list[Record] = []
    for record in reading.readable(volume, found, listed=True):
        if state is not None and record.state is not state:
            continue
        if len(records) == limit:
            return Page(records, records[-1].id)
        records.append(record)
    return Page(records, None)
