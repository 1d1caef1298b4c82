"""The index's write-ahead log stays short, however many changes come in."""

from __future__ import annotations

import threading
from pathlib import Path

from web.index import schema
from web.index.database import Database
from web.index.maintainer import checkpoint

PAGES = "PRAGMA wal_checkpoint(PASSIVE)"


def change(database: Database, times: int = 1) -> None:
    for _ in range(times):
        with database.open() as opened:
            opened.connection.execute("UPDATE about SET change = change + 1")


def test_a_long_log_starts_anew_although_a_change_came_in_while_it_was_moved(tmp_path: Path) -> None:
    database = Database(tmp_path, "volume")
    database.folder.mkdir()
    database.create()
    change(database, schema.LOG_PAGES + 10)
    # what a reader may not see yet stays in the log, as what is written meanwhile does
    with database.open() as reader:
        reader.connection.execute("BEGIN")
        reader.connection.execute("SELECT position FROM about").fetchall()
        change(database)
        end = threading.Timer(0.3, reader.connection.execute, ("COMMIT",))
        end.start()
        checkpoint(database)
        end.join()
    change(database)
    with database.open() as opened:
        _, pages, _ = opened.connection.execute(PAGES).fetchone()
    assert pages < schema.LOG_PAGES / 10
