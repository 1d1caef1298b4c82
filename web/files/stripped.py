"""Originals without their metadata, made while they are sent: no copy on disk, no decoding."""

from __future__ import annotations

import io
import os
from collections import OrderedDict
from threading import Lock
from typing import BinaryIO, cast

from flask import current_app

from pipeline.errors import CannotStripMetadata, ImageNotFound, volume_error
from pipeline.images.strip import Pieces, StrippedFile, strip
from pipeline.records import Record
from pipeline.store import Store
from pipeline.volume.files import open_file
from web.turns import Turns

CHUNK_BYTES = 32 * 1024
"""How much of a file is read and sent at once: a thousand slow readers hold twice that each."""

_KEPT = 64
_KEPT_BYTES = 64 * 1024

_Key = tuple[str, int, int, int]


class StrippedFiles:
    """Opens originals without their metadata; caches which byte ranges remain of the last ones opened."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # Parsing a file of 250 MB takes a second or two, mostly for the disk.
        self._walks = Turns(2)
        self._lock = Lock()
        self._kept: OrderedDict[_Key, Pieces | None] = OrderedDict()

    def open(self, record: Record) -> BinaryIO:
        """The file, open for reading and seeking.

        Raise `CannotStripMetadata` if the original is damaged, `ImageNotFound`, `TooManyLongRequests`, or the volume's.
        """
        try:
            original = open_file(self._store.original(record))
        except FileNotFoundError:
            raise ImageNotFound(record.id) from None
        except OSError as error:
            raise volume_error(error) from error
        try:
            pieces = self._pieces(record, original)
        except BaseException:
            original.close()
            raise
        return io.BufferedReader(StrippedFile(original, pieces), CHUNK_BYTES)

    def _pieces(self, record: Record, original: BinaryIO) -> Pieces:
        key = _key(record, original)
        if (pieces := self._known(key, record)) is not None:
            return pieces
        with self._walks.turn():
            if (pieces := self._known(key, record)) is not None:
                return pieces
            try:
                pieces = strip(original, record.format)
            except CannotStripMetadata:
                self._keep(key, None)
                raise
            except OSError as error:
                raise volume_error(error) from error
        if pieces.memory <= _KEPT_BYTES:
            self._keep(key, pieces)
        return pieces

    def _known(self, key: _Key, record: Record) -> Pieces | None:
        """The cached ranges of an original; raise `CannotStripMetadata` if it is known to be damaged."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            pieces = self._kept[key]
        if pieces is None:
            raise CannotStripMetadata(record.format.label)
        return pieces

    def _keep(self, key: _Key, pieces: Pieces | None) -> None:
        with self._lock:
            self._kept[key] = pieces
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)


def _key(record: Record, original: BinaryIO) -> _Key:
    """Identifies the file on disk: ranges are valid only for the same one, and a restored backup is another."""
    status = os.fstat(original.fileno())
    return record.sha256, status.st_ino, status.st_size, status.st_mtime_ns


def stripped_files() -> StrippedFiles:
    """The stripped files of the running app."""
    return cast(StrippedFiles, current_app.extensions["stripped"])
