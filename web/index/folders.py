"""Compares the index with the folders, for changes without an event, or whose event Redis has lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pipeline.records import State
from pipeline.store import outbox
from pipeline.store.day_folder import SETTLED_SECONDS, mtime_of
from pipeline.store.walk import days_in, ids_in, names_in
from web.index.refresh import Refresher
from web.index.rows import STATES, day_name, day_number, least_id, unpacked_id

# For so long, after each comparison; while events come in, less often and for longer.
_RECHECK_SECONDS, _BUSY_RECHECK_SECONDS, _BUSY_RECHECK_EVERY = 0.02, 0.1, 10.0
_RECHECKED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Look:
    """The modification time of a day's folder, and when we first saw it, by our own clock."""

    mtime: int
    at: float


class Folders:
    """Compares one generation of the index with the volume, repeatedly. Used by one thread.

    Adding or removing an image touches its day's folder, and a pending or failed image has a marker. A change that
    shows in neither (a record repaired by hand) is found by comparing some images each time, all of them in turn.
    """

    def __init__(self, refresher: Refresher) -> None:
        self._refresher = refresher
        self._layout = refresher.volume.layout
        self._looks: dict[str, _Look] = {}
        self._rechecked = 0
        self._rechecked_at = 0.0
        self._days_to_recheck: Iterator[str] = iter(())
        with refresher.database.open() as opened:
            self._mtimes = dict(opened.connection.execute("SELECT day, stamp FROM folders").fetchall())

    def compare(self, *, busy: bool = False) -> None:
        """Update everything that has changed; raises `Unusable`, `OSError`, and the volume's named errors.

        While the gallery is `busy`, images that show no change are compared less often.
        """
        names = days_in(self._layout.images, newest=True)
        for day in names:
            self._compare_if_touched(day)
        for day in self._indexed_days() - set(names):
            self.compare_day(day)
        for state, folder in ((State.PENDING, self._layout.pending), (State.FAILED, self._layout.failed)):
            self._refresher.refresh(self._marked(state) ^ set(outbox.ids_in(folder)))
        unread, self._refresher.unread = self._refresher.unread, set()
        if unread:
            self._refresher.refresh(unread)
        if not busy:
            self._recheck(names, _RECHECK_SECONDS)
        elif time.monotonic() >= self._rechecked_at + _BUSY_RECHECK_EVERY:
            self._recheck(names, _BUSY_RECHECK_SECONDS)

    def refresh_pending(self) -> None:
        """Read all pending images again: events of their progress may be lost."""
        self._refresher.refresh(self._marked(State.PENDING))

    def compare_day(self, day: str) -> None:
        """Compare the ids of one day."""
        folder = self._layout.images / day
        listed = {image_id for minute in names_in(folder) for image_id in ids_in(folder / minute)}
        self._refresher.refresh(listed ^ self._indexed(day))

    def _compare_if_touched(self, day: str) -> None:
        mtime, now, look = mtime_of(self._layout.images / day), time.monotonic(), self._looks.get(day)
        if mtime == self._mtimes.get(day):
            return
        seen_before = look is not None and look.mtime == mtime
        if look and seen_before and now - look.at < SETTLED_SECONDS:
            return  # another change may leave the same time: the volume's clock is coarse
        self.compare_day(day)
        if seen_before:
            self._looks.pop(day)
            self._mtimes[day] = mtime
            with self._refresher.database.open() as opened:
                opened.connection.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", (day, mtime))
        else:
            self._looks[day] = _Look(mtime, now)

    def _recheck(self, names: list[str], seconds: float) -> None:
        """Read images again for so long, and list one day."""
        self._rechecked_at = time.monotonic()
        day = next(self._days_to_recheck, None)
        if day is None:
            self._days_to_recheck = iter(names)
        else:
            self.compare_day(day)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._refresher.database.open() as opened:
                rows = opened.connection.execute(
                    "SELECT number, id FROM images WHERE number > ? ORDER BY number LIMIT ?",
                    (self._rechecked, _RECHECKED_AT_ONCE),
                ).fetchall()
            self._refresher.refresh(unpacked_id(packed) for _, packed in rows)
            self._rechecked = rows[-1][0] if rows else 0
            if len(rows) < _RECHECKED_AT_ONCE:
                self._rechecked = 0
                return

    def _marked(self, state: State) -> set[str]:
        return self._ids(
            "SELECT id FROM images INDEXED BY marked_received WHERE state > 0 AND state = ?", STATES[state]
        )

    def _indexed(self, day: str) -> set[str]:
        number = day_number(date.fromisoformat(day))
        return self._ids("SELECT id FROM images WHERE id >= ? AND id < ?", least_id(number), least_id(number + 1))

    def _ids(self, sql: str, *values: object) -> set[str]:
        with self._refresher.database.open() as opened:
            return {unpacked_id(packed) for (packed,) in opened.connection.execute(sql, values)}

    def _indexed_days(self) -> set[str]:
        with self._refresher.database.open() as opened:
            return {
                day_name(number)
                for (number,) in opened.connection.execute("SELECT day FROM days WHERE sort = 0 AND count > 0")
            }
