"""Reads pages and counts from the index."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.records import Record
from pipeline.store.day_counts import MARK_EVERY, Day
from web.index.database import Identity, Opened, Unusable
from web.index.query import Position, Query, Sort
from web.index.rows import DAY_SECONDS, Codec, day_name, least_id, packed_id, unpacked_id
from web.index.statements import statement

_SORTS = {Sort.RECEIVED: 0, Sort.TAKEN: 1}


@dataclass(frozen=True, slots=True)
class IndexPage:
    """A page of records, where the next one begins (None at the end), and the last event that the index had applied."""

    records: list[Record]
    next: Position | None
    events: str | None


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """Whether all images are in the index, and how many are."""

    is_whole: bool
    images: int


def progress(opened: Opened) -> IndexProgress:
    """How much of the index is built."""
    (is_whole,) = opened.connection.execute("SELECT whole FROM about").fetchone()
    (images,) = opened.connection.execute("SELECT coalesce(sum(count), 0) FROM days WHERE sort = 0").fetchone()
    return IndexProgress(bool(is_whole), images)


@contextmanager
def whole(opened: Opened) -> Iterator[str | None]:
    """A snapshot of the complete index, and the last event applied; raises `Unusable` if it is not complete."""
    connection = opened.connection
    connection.execute("BEGIN")
    is_whole, position = connection.execute("SELECT whole, position FROM about").fetchone()
    try:
        if not is_whole:
            raise Unusable("it is not whole yet")
        yield position
    finally:
        connection.execute("ROLLBACK")


def page(opened: Opened, codec: Codec, query: Query, limit: int) -> IndexPage:
    """Up to `limit` records; raises `Unusable`, and `ValueError` if a record is damaged."""
    with whole(opened) as events:
        rows = _rows(opened, query, "id, record", limit + 1)
    records = []
    for packed, data in rows[:limit]:
        record = codec.record(data)
        if packed_id(record.id) != packed:
            raise ValueError("a row holds the record of another image")
        records.append(record)
    return IndexPage(records, Position.of(records[-1], query.sort) if len(rows) > limit else None, events)


def ids(opened: Opened, query: Query, limit: int) -> tuple[list[str], Position | None]:
    """Up to `limit` ids, and where the next page begins; raises as `page`."""
    with whole(opened):
        rows = _rows(opened, query, "taken, id", limit + 1)
    places = [
        Position(taken if query.sort is Sort.TAKEN else None, unpacked_id(packed)) for taken, packed in rows[:limit]
    ]
    return [place.id for place in places], places[-1] if len(rows) > limit else None


def _rows(opened: Opened, query: Query, columns: str, limit: int) -> list[Any]:
    made = statement(opened, query)
    for attempt in (made and made.nearby, made):
        if attempt:
            rows = opened.connection.execute(attempt.sql(columns), [*attempt.values, limit]).fetchall()
            if attempt is made or len(rows) == limit:
                return rows
    return []


@dataclass(frozen=True, slots=True)
class _Known:
    change: int
    day: Day
    has_marks: bool


class Calendar:
    """The days in either sort order. Each is cached in memory until it changes."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._identity: Identity | None = None
        self._known: dict[tuple[Sort, int], _Known] = {}

    def days(self, opened: Opened, sort: Sort, *, marks: bool) -> list[Day]:
        """Every day with images, newest first, with every `MARK_EVERY`th image after the first as a mark if asked."""
        with whole(opened), self._guard:
            if self._identity != opened.identity:
                self._identity, self._known = opened.identity, {}
            counts = opened.connection.execute(
                "SELECT day, count, change FROM days WHERE sort = ? AND count > 0 ORDER BY day DESC", (_SORTS[sort],)
            ).fetchall()
            return [self._day(opened.connection, sort, *one, marks=marks) for one in counts]

    def _day(
        self, connection: sqlite3.Connection, sort: Sort, number: int, count: int, change: int, *, marks: bool
    ) -> Day:
        known = self._known.get((sort, number))
        if known is None or known.change != change or (marks and not known.has_marks):
            first, *others = _places(connection, sort, number, marks=marks and count > MARK_EVERY)
            known = _Known(change, Day(day_name(number), count, first, tuple(others)), marks)
            self._known[sort, number] = known
        return known.day


def _places(connection: sqlite3.Connection, sort: Sort, number: int, *, marks: bool) -> list[str]:
    """The positions of the first image of a day, and of every `MARK_EVERY`th after it."""
    if sort is Sort.TAKEN:
        within, order = "taken >= ? AND taken < ?", "taken DESC, id DESC"
        bounds: tuple[object, object] = (number * DAY_SECONDS, (number + 1) * DAY_SECONDS)
    else:
        within, order = "id >= ? AND id < ?", "id DESC"
        bounds = least_id(number), least_id(number + 1)
    source = f"FROM images INDEXED BY {sort.value} WHERE {within} ORDER BY {order}"
    column = "taken, id" if sort is Sort.TAKEN else "NULL, id"
    rows = connection.execute(
        f"SELECT {column} FROM (SELECT taken, id, row_number() OVER (ORDER BY {order}) AS place {source})"  # noqa: S608
        f" WHERE place % {MARK_EVERY} = 1"
        if marks
        else f"SELECT {column} {source} LIMIT 1",
        bounds,
    ).fetchall()
    return [Position(seconds, unpacked_id(packed)).to_text() for seconds, packed in rows]
