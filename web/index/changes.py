"""Writing into the index.

What is written was read from the volume a moment ago, and another process may have read and written the same image
since. So every change has a number. A reader asks for the last number before it reads. Images touched by a later change
are left as they are and returned, to be read again.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline.records import Record
from web.index.database import Opened
from web.index.rows import DAY_SECONDS, Codec, Row, packed_id, received_day

_GONE_KEPT = 50_000
_INSERT = "INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_WORDS = "INSERT INTO words(rowid, name) VALUES (?, ?)"


def last_change(opened: Opened) -> int:
    """The number of the last change."""
    (change,) = opened.connection.execute("SELECT change FROM about").fetchone()
    return int(change)


class Changes:
    """One transaction of changes; `apply` makes one of a few images, `fill` one of many new ones."""

    def __init__(self, opened: Opened, codec: Codec) -> None:
        self._opened = opened
        self._connection = opened.connection
        self._codec = codec
        self._days: Counter[tuple[int, int]] = Counter()
        self._cameras: dict[str, int] = {}
        self._change = 0

    def apply(self, since: int, found: Mapping[str, Record | None], position: str | None = None) -> list[str]:
        """Write records, None for images that are gone, as read after the change `since`; returns what to read again.

        `position` is the event that is applied with it.
        """
        rows = {image_id: self._codec.row(record) if record else None for image_id, record in found.items()}
        self._begin()
        conflicts = [image_id for image_id, row in rows.items() if not self._write(since, packed_id(image_id), row)]
        if position is not None and not conflicts:
            self._connection.execute("UPDATE about SET position = ?", (position,))
        self._end()
        return conflicts

    def fill(self, rows: Sequence[Row]) -> None:
        """Add missing images, while the index is built. Existing rows are at least as new, and stay."""
        self._begin()
        absent = {row.id: row for row in rows}
        for packed in self._known(list(absent)):
            absent.pop(packed, None)
        (last,) = self._connection.execute("SELECT coalesce(max(number), 0) FROM images").fetchone()
        missing = dict(enumerate(absent.values(), last + 1))
        self._connection.executemany(_INSERT, (self._columns(number, row) for number, row in missing.items()))
        if self._opened.has_words:
            self._connection.executemany(_INSERT_WORDS, ((number, row.name) for number, row in missing.items()))
        for row in missing.values():
            self._count(row.id, row.taken, 1)
        self._end()

    def _known(self, ids: Sequence[bytes]) -> list[bytes]:
        """The ids between the first and the last of these that are in the index, or gone."""
        if not ids:
            return []
        query = (
            "SELECT id FROM images WHERE id BETWEEN ?1 AND ?2 UNION ALL SELECT id FROM gone WHERE id BETWEEN ?1 AND ?2"
        )
        return [packed for (packed,) in self._connection.execute(query, (min(ids), max(ids)))]

    def _begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._change = last_change(self._opened) + 1
        self._days.clear()

    def _end(self) -> None:
        self._connection.executemany(
            "INSERT INTO days VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count,"
            " change = excluded.change",
            [(*day, count, self._change) for day, count in self._days.items()],
        )
        self._connection.execute("UPDATE about SET change = ?", (self._change,))
        if self._change % 1000 == 0:
            self._connection.execute("DELETE FROM gone WHERE change < ?", (self._change - _GONE_KEPT,))
        self._connection.execute("COMMIT")

    def _write(self, since: int, packed: bytes, row: Row | None) -> bool:
        """Write one image, unless a change after `since` did; returns whether that is so."""
        old = self._old(packed)
        if old["change"] > since if old else self._gone_since(packed, since):
            return False
        if old and row and old["record"] == row.record:
            return True
        if old:
            self._delete(old)
        if row:
            self._insert(row, old["number"] if old else None)
        if not old or not row or old["taken"] != row.taken:
            if old:
                self._count(packed, old["taken"], -1)
            if row:
                self._count(packed, row.taken, 1)
        if not row:
            self._connection.execute("INSERT OR REPLACE INTO gone VALUES (?, ?)", (packed, self._change))
        return True

    def _old(self, packed: bytes) -> sqlite3.Row | None:
        cursor = self._connection.cursor()
        cursor.row_factory = sqlite3.Row
        found: sqlite3.Row | None = cursor.execute("SELECT * FROM images WHERE id = ?", (packed,)).fetchone()
        return found

    def _gone_since(self, packed: bytes, since: int) -> bool:
        query = "SELECT 1 FROM gone WHERE id = ? AND change > ?"
        return self._connection.execute(query, (packed, since)).fetchone() is not None

    def _delete(self, old: sqlite3.Row) -> None:
        if self._opened.has_words:
            self._connection.execute(
                "INSERT INTO words(words, rowid, name) VALUES ('delete', ?, ?)", (old["number"], old["name"])
            )
        self._connection.execute("DELETE FROM images WHERE number = ?", (old["number"],))

    def _insert(self, row: Row, number: int | None = None) -> None:
        cursor = self._connection.execute(_INSERT, self._columns(number, row))
        if self._opened.has_words:
            self._connection.execute(_INSERT_WORDS, (cursor.lastrowid, row.name))

    def _columns(self, number: int | None, row: Row) -> tuple[object, ...]:
        camera = self._camera(row.camera)
        return number, row.id, row.taken, row.state, row.format, camera, row.name, self._change, row.record

    def _count(self, packed: bytes, taken: int, by: int) -> None:
        """Count an added or removed image. Its days are marked as changed in any case."""
        self._days[0, received_day(packed)] += by
        self._days[1, taken // DAY_SECONDS] += by

    def _camera(self, name: str) -> int:
        """The number of a camera; 0 if it is not known."""
        if not name:
            return 0
        if name not in self._cameras:
            find = "SELECT number FROM cameras WHERE name = ?"
            found = self._connection.execute(find, (name,)).fetchone()
            if not found:
                self._connection.execute("INSERT INTO cameras(name) VALUES (?)", (name,))
                found = self._connection.execute(find, (name,)).fetchone()
            self._cameras[name] = int(found[0])
        return self._cameras[name]
