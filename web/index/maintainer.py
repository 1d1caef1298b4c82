"""Builds the index and keeps it up to date, in one process per machine."""

from __future__ import annotations

import math
import os
import sqlite3
import time

import structlog

from pipeline.errors import GalleryError
from pipeline.volume.files import still_linked
from web.index.building import build
from web.index.database import Database, Unusable, lock_index
from web.index.events import EventLog
from web.index.folders import Folders
from web.index.refresh import Refresher

_TURN_SECONDS = 0.5
_PAUSES = (0.2, 1.0, 5.0, 15.0, 60.0)
_LEISURE, _SOONEST_SECONDS, _LATEST_SECONDS = 20.0, 1.0, 30.0
# After a change, in units of the time that it took: what comes meanwhile shares a transaction with what follows.
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
            build(self._refresher, self._events, self._checkpoint)
        folders = Folders(self._refresher)
        folders.refresh_pending()
        due, checkpoint_due = 0.0, math.inf
        while still_linked(lock, self._database.folder / "keeper"):
            news = self._events.take(min(due, checkpoint_due) - time.monotonic())
            began = time.monotonic()
            if news.lost or began >= due:
                folders.compare(busy=bool(news.ids))
                due = time.monotonic() + self._leisure(time.monotonic() - began)
            if news.lost:
                folders.refresh_pending()
            if news.position is not None:
                began = time.monotonic()
                self._refresher.refresh(news.ids, news.position)
                time.sleep(min(_LONGEST_REST_SECONDS, _REST * (time.monotonic() - began)))
            if checkpoint_due == math.inf:
                checkpoint_due = time.monotonic() + _CHECKPOINT_SECONDS
            elif time.monotonic() >= checkpoint_due:
                self._checkpoint()
                checkpoint_due = math.inf
            self._failures, self._said = 0, ""

    @staticmethod
    def _leisure(took: float) -> float:
        return min(_LATEST_SECONDS, max(_SOONEST_SECONDS, _LEISURE * took))

    def _checkpoint(self) -> None:
        """Move changes from the write-ahead log into the database."""
        with self._database.open() as opened:
            opened.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _pause(self) -> None:
        time.sleep(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
        self._failures += 1

    def _say(self, what: str, why: object) -> None:
        """Log a warning, unless it is the last one again."""
        if f"{what}: {why}" != self._said:
            self._said = f"{what}: {why}"
            _log.warning(what, why=str(why))
