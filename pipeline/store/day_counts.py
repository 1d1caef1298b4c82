"""The number of images per day, counted from the folders and held in memory; never the truth."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.store.day_folder import SETTLED_SECONDS, mtime_of
from pipeline.store.walk import days_in, ids_in, names_in

_IN_USE = 2
_RECHECK_SHARE = 0.5
MARK_EVERY = 20


@dataclass(frozen=True, slots=True)
class Day:
    """A day in UTC (2026-11-24): the number of images, the newest, and every `MARK_EVERY`th after it as a mark."""

    day: str
    count: int
    first: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Counted:
    """A day, the modification time of its folder before it was counted, and by our own clock when that was and since
    when the folder has it. The modification time itself is never compared with a clock.
    """

    day: Day
    mtime: int
    at: float
    since: float

    def is_due(self, mtime: int) -> bool:
        """Whether to count again: the folder's time has changed, or the day was counted so soon after that another
        touch may have left the same time, in the grain of the volume's clock."""
        if mtime != self.mtime:
            return True
        return self.at - self.since < SETTLED_SECONDS <= time.monotonic() - self.since


class DayCounts:
    """Counts the images of each day below the folder `images`. One thread refreshes, any may read.

    Adding or removing an image touches its day, so that a refresh counts only those days. It also counts some others
    again, the longest ago first, in case one was not touched.
    """

    def __init__(self, images: Path) -> None:
        self._images = images
        self._known: dict[str, _Counted] = {}
        self.complete = False

    def days(self) -> list[Day]:
        """Every day with images, newest first; only those counted so far until `complete`."""
        found = [known.day for known in list(self._known.values()) if known.day.count]
        return sorted(found, key=lambda day: day.day, reverse=True)

    def refresh(self) -> None:
        """Count what has changed since the last refresh, newest first; raises `OSError`."""
        began = time.monotonic()
        names = days_in(self._images, newest=True)
        for gone in self._known.keys() - set(names):
            del self._known[gone]
        for number, name in enumerate(names):
            known = self._known.get(name)
            mtime = mtime_of(self._images / name)
            if known is None:
                rests = not self.complete and number >= _IN_USE
                self._count(name, mtime, since=float("-inf") if rests else time.monotonic())
            elif known.is_due(mtime):
                self._recount(name, mtime)
        self.complete = True
        self._recheck(until=time.monotonic() + _RECHECK_SHARE * (time.monotonic() - began))

    def _recheck(self, until: float) -> None:
        for name in sorted(self._known, key=lambda name: self._known[name].at):
            if time.monotonic() > until:
                return
            self._recount(name, mtime_of(self._images / name))

    def _recount(self, name: str, mtime: int) -> None:
        known = self._known[name]
        self._count(name, mtime, since=known.since if mtime == known.mtime else time.monotonic())

    def _count(self, name: str, mtime: int, *, since: float) -> None:
        at = time.monotonic()
        self._known[name] = _Counted(_counted(self._images / name), mtime, at, since)


def _counted(folder: Path) -> Day:
    count, first, marks = 0, "", []
    for minute in names_in(folder, newest=True):
        ids = ids_in(folder / minute)[::-1]
        first = first or (ids[0] if ids else "")
        marks += ids[-count % MARK_EVERY :: MARK_EVERY]
        count += len(ids)
    return Day(folder.name, count, first, tuple(marks[1:]))
