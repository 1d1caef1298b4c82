"""Builds the index and keeps it up to date, in one process per machine."""

from __future__ import annotations

import os
import sqlite3
import time

import structlog

from pipeline.errors import GalleryError
from pipeline.threads import rest_since
from pipeline.volume.files import still_linked
from web.index.building import build
from web.index.database import Database, Unusable, lock_index
from web.index.events import EventLog
from web.index.folders import Folders
from web.index.refresh import Refresher
from web.index.schema import LOG_PAGES

_TURN_SECONDS = 0.5
_PAUSES = (0.2, 1.0, 5.0, 15.0, 60.0)
_LEISURE, _SOONEST_SECONDS, _LATEST_SECONDS = 20.0, 1.0, 30.0
# After writing: what comes meanwhile shares one transaction.
_REST, _LONGEST_REST_SECONDS = 10.0, 0.25
# Each checkpoint flushes two files, while uploads flush theirs.
_CHECKPOINT_SECONDS = 1.0
_log = structlog.get_logger()


class IndexMaintainer:
    """Runs in a thread of every web process. The one with the lock maintains the index; the others wait for it."""

    def __init__(self, refresher: Refresher, events: EventLog) -> None:
        self._refresher = refresher
        self._database: Database = refresher.database
        self._events = events
        self._failures = 0
        self._said = ""

    def run(self) -> None:
        """Wait for the lock, and maintain the index while holding it."""
        while True:
            lock = self._lock()
            if lock is None:
                time.sleep(_TURN_SECONDS)
                continue
            try:
                while still_linked(lock, self._database.folder / "keeper"):
                    self._try_to_maintain(lock)
                    self._pause()
            finally:
                os.close(lock)

    def _lock(self) -> int | None:
        try:
            self._database.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return lock_index(self._database.folder)
        except OSError as error:
            self._say("no index can be kept, pages are read from the folders", error)
            return None

    def _try_to_maintain(self, lock: int) -> None:
        """Maintain the index until something fails."""
        try:
            if self._database.identity() is None:
                self._database.create()
            self._maintain(lock)
        except Unusable:
            return  # logged when it was discarded
        except (OSError, sqlite3.Error, GalleryError) as error:
            self._say("index not kept, pages are read from the folders", getattr(error, "why", None) or error)

    def _maintain(self, lock: int) -> None:
        with self._database.open() as opened:
            (whole,) = opened.connection.execute("SELECT whole FROM about").fetchone()
        if not whole:
            build(self._refresher, self._events, lambda: checkpoint(self._database))
        folders = Folders(self._refresher)
        folders.refresh_pending()
        due = checkpoint_at = 0.0
        while still_linked(lock, self._database.folder / "keeper"):
            news = self._events.take(due - time.monotonic())
            began = time.monotonic()
            if news.lost or began >= due:
                folders.compare(busy=bool(news.ids))
                due = time.monotonic() + self._compare_interval(time.monotonic() - began)
            if news.lost:
                folders.refresh_pending()
            if news.position is not None:
                began = time.monotonic()
                self._refresher.refresh(news.ids, news.position)
                rest_since(began, times=_REST, at_most=_LONGEST_REST_SECONDS)
            if time.monotonic() >= checkpoint_at:
                checkpoint(self._database)
                checkpoint_at = time.monotonic() + _CHECKPOINT_SECONDS
            self._failures, self._said = 0, ""

    @staticmethod
    def _compare_interval(took: float) -> float:
        return min(_LATEST_SECONDS, max(_SOONEST_SECONDS, _LEISURE * took))

    def _pause(self) -> None:
        time.sleep(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
        self._failures += 1

    def _say(self, what: str, why: object) -> None:
        """Log a warning, unless it is the last one again."""
        if f"{what}: {why}" != self._said:
            self._said = f"{what}: {why}"
            _log.warning(what, why=str(why))


def checkpoint(database: Database) -> None:
    """Move changes from the write-ahead log into the database; writers wait only if the log has become long.

    A log starts anew once all of it has been moved, and every commit meanwhile adds to it. Raises `Unusable`.
    """
    with database.open() as opened:
        _, pages, _ = opened.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if pages > LOG_PAGES:
            opened.connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
