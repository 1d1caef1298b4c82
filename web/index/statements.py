"""Queries as SQL."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import date

from web.index.database import Opened
from web.index.query import Position, Query, Sort, seconds_received
from web.index.rows import DAY_SECONDS, FORMATS, STATES, day_number, fold, least_id, packed_id

LEAST_CHARACTERS = 3
"""Parts of names are found by three characters in a row."""

_FEW = 2000
_NEARBY = 5000
_IN_NAMES = "number IN (SELECT rowid FROM words WHERE words MATCH ?)"


@dataclass(slots=True)
class Statement:
    """Builder of a query over `images`."""

    source: str
    order: str
    where: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)
    nearby: Statement | None = None
    """The same for the next images in the order alone. If it finds a whole page, that is the page, and sooner."""

    def add(self, condition: str, *values: object) -> None:
        """Add a condition that must hold."""
        self.where.append(condition)
        self.values += values

    def sql(self, columns: str) -> str:
        """The text of the query, which takes `values` and a limit."""
        where = f"WHERE {' AND '.join(self.where)} " if self.where else ""
        return f"SELECT {columns} FROM {self.source} {where}ORDER BY {self.order} LIMIT ?"  # noqa: S608 - all ours


def statement(opened: Opened, query: Query) -> Statement | None:
    """The SQL of a query; None if nothing can match."""
    by_taken = query.sort is Sort.TAKEN
    marked = query.state is not None and STATES[query.state] > 0
    index = f"{'marked_' if marked else ''}{query.sort.value}"
    way = "ASC" if query.after else "DESC"
    order = f"taken {way}, id {way}" if by_taken else f"id {way}"
    made = Statement(f"images INDEXED BY {index}", order)
    for place, sign in ((query.before, "<"), (query.after, ">")):
        if place and by_taken:
            made.add(f"(taken, id) {sign} (?, ?)", _seconds(opened, place), packed_id(place.id))
        elif place:
            made.add(f"id {sign} ?", packed_id(place.id))
    if query.first:
        made.add(*_day_bound(query.first, 0, ">=", by_taken=by_taken))
    if query.last:
        made.add(*_day_bound(query.last, 1, "<", by_taken=by_taken))
    if query.state is not None:
        made.add("state > 0 AND state = ?" if marked else "state = ?", STATES[query.state])
    if query.format is not None:
        made.add("format = ?", FORMATS[query.format])
    return made if _add_words(opened, made, query.words) else None


def _seconds(opened: Opened, place: Position) -> int:
    if place.seconds is not None:
        return place.seconds
    query = "SELECT taken FROM images WHERE id = ?"
    found = opened.connection.execute(query, (packed_id(place.id),)).fetchone()
    return found[0] if found else seconds_received(place.id)


def _day_bound(day: date, plus: int, sign: str, *, by_taken: bool) -> tuple[str, int | bytes]:
    number = day_number(day) + plus
    if by_taken:
        return f"taken {sign} ?", number * DAY_SECONDS
    return f"id {sign} ?", least_id(number)


def _add_words(opened: Opened, made: Statement, words: tuple[str, ...]) -> bool:
    """Require every word to be part of the name or of the camera; false if nothing can match."""
    in_names: list[str] = []
    for word in map(fold, words):
        indexed = opened.has_words and len(word) >= LEAST_CHARACTERS
        cameras = _cameras(opened.connection, word)
        if not cameras:
            in_names.append(word)
        elif indexed:
            made.add(f"({_one_of(cameras)} OR {_IN_NAMES})", _quoted(word))
        else:
            made.add(f"({_one_of(cameras)} OR instr(name, ?) > 0)", word)
    long = [word for word in in_names if opened.has_words and len(word) >= LEAST_CHARACTERS]
    for word in set(in_names) - set(long):
        made.add("instr(name, ?) > 0", word)
    return _add_indexed(opened.connection, made, long) if long else True


def _add_indexed(connection: sqlite3.Connection, made: Statement, words: list[str]) -> bool:
    """Use the word index. Few matches are selected by number and sorted; if there are many, scanning in sort order soon
    meets the next ones."""
    match = " AND ".join(map(_quoted, words))
    found = connection.execute("SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (match, _FEW + 1)).fetchall()
    if len(found) > _FEW:
        made.nearby = _nearby(made, words)
        made.add(_IN_NAMES, match)
        return True
    made.source = "images"
    made.where.insert(0, f"number IN ({','.join(str(number) for (number,) in found)})")
    return bool(found)


def _nearby(made: Statement, words: list[str]) -> Statement:
    where = f"WHERE {' AND '.join(made.where)} " if made.where else ""
    source = f"(SELECT * FROM {made.source} {where}ORDER BY {made.order} LIMIT {_NEARBY})"  # noqa: S608 - all ours
    found = Statement(source, made.order, values=list(made.values))
    for word in words:
        found.add("instr(name, ?) > 0", word)
    return found


def _cameras(connection: sqlite3.Connection, word: str) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM cameras WHERE instr(name, ?) > 0", (word,))]


def _one_of(cameras: list[int]) -> str:
    return f"camera IN ({','.join(map(str, cameras))})"


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
