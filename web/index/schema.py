"""The tables of the index. There are no migrations: another schema has another name, and is rebuilt."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from pipeline.records import Record
from web.index import rows

_TABLES = """
-- one row: whose index it is, whether every image is in it, the number of the last change, the last event applied
CREATE TABLE about(volume TEXT, inode INTEGER, whole INTEGER, change INTEGER, position TEXT);
CREATE TABLE images(
  number INTEGER PRIMARY KEY, id BLOB, taken INTEGER, state INTEGER, format INTEGER, camera INTEGER, name TEXT,
  change INTEGER, record BLOB
);
-- each order with all that is filtered by, so that images that do not match are passed over without reading their rows
CREATE INDEX received ON images(id, state, format, camera);
CREATE INDEX taken ON images(taken, id, state, format, camera);
CREATE INDEX marked_received ON images(state, id) WHERE state > 0;
CREATE INDEX marked_taken ON images(state, taken, id) WHERE state > 0;
CREATE TABLE cameras(number INTEGER PRIMARY KEY, name TEXT UNIQUE);
-- images that are gone, by the number of the change
CREATE TABLE gone(id BLOB PRIMARY KEY, change INTEGER) WITHOUT ROWID;
-- images per day: by when they came in (0) or were taken (1)
CREATE TABLE days(sort INTEGER, day INTEGER, count INTEGER, change INTEGER, PRIMARY KEY(sort, day)) WITHOUT ROWID;
-- the stamps that the days' folders had when all of their images were in the index
CREATE TABLE folders(day TEXT PRIMARY KEY, stamp INTEGER) WITHOUT ROWID;
"""
_WORDS = "CREATE VIRTUAL TABLE words USING fts5(name, content='', tokenize='trigram')"

# The write-ahead log grows while the index is built, and is cut to this once it has been moved into the database.
_PAGE_BYTES = 8192
LOG_PAGES = 512
"""How long the write-ahead log is to be at most: 4 MiB."""

NUMBER = hashlib.sha256(
    repr((_TABLES, _WORDS, rows._COMMON, rows.FORMATS, rows.STATES, Record.__struct_fields__)).encode()
).hexdigest()[:12]
"""Changes with the tables, and with what is written into them."""


def create(path: Path, volume_id: str) -> None:
    """Make an empty index; raises `sqlite3.Error`."""
    with closing(connect(path, create=True)) as connection:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES)
        connection.execute("INSERT INTO about VALUES (?, ?, 0, 0, NULL)", (volume_id, path.stat().st_ino))
        with suppress(sqlite3.OperationalError):  # this SQLite has no trigram tokenizer: names are compared one by one
            connection.execute(_WORDS)


def connect(path: Path, *, create: bool = False, wait: float = 5.0) -> sqlite3.Connection:
    """Open an index. Transactions are explicit; a write waits up to `wait` seconds for another process."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={'rwc' if create else 'rw'}",
        uri=True,
        timeout=wait,
        isolation_level=None,
        check_same_thread=False,
    )
    # A power failure may lose the last changes; comparing with the folders finds them. The maintainer checkpoints the
    # log, so that no upload waits for that.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_PAGES * _PAGE_BYTES}")
    connection.execute("PRAGMA cache_size = -4096")
    return connection


def has_words(connection: sqlite3.Connection) -> bool:
    """Whether names are indexed."""
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone())
