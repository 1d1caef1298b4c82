"""The interface of the index for the rest of web."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from pipeline.errors import GalleryError, VolumeUnavailable, volume_error
from pipeline.ids import is_id
from pipeline.records import Record
from pipeline.store import Day
from pipeline.threads import keep_running
from pipeline.volume.volume import Volume
from web.index import select
from web.index.database import Database, Unusable
from web.index.events import EventLog
from web.index.maintainer import IndexMaintainer
from web.index.query import Position, Query, Sort
from web.index.refresh import Refresher, Since
from web.index.rows import Codec
from web.index.select import Calendar, IndexPage, IndexProgress


class Index:
    """Pages, ids and days from the index of a volume, in the folder `cache`.

    Reading raises `Unusable` if there is no complete index, and `VolumeUnavailable` if the volume is away.
    """

    def __init__(self, cache: Path, volume: Volume) -> None:
        self._cache = cache
        self._volume = volume
        self._calendar = Calendar()
        self.events = EventLog()

    def start(self) -> None:
        """Build and maintain the index in a thread, unless another process of this machine does."""
        keep_running("index", lambda: IndexMaintainer(self._refresher, self.events).run())

    @cached_property
    def _refresher(self) -> Refresher:
        volume_id = self._volume.id
        return Refresher(Database(self._cache, volume_id), Codec(volume_id), self._volume)

    @property
    def _database(self) -> Database:
        self._require_volume()
        return self._refresher.database

    def page(self, query: Query, limit: int) -> IndexPage:
        """Up to `limit` records."""
        with self._database.open() as opened:
            return select.page(opened, self._refresher.codec, query, limit)

    def ids(self, query: Query, limit: int) -> tuple[list[str], Position | None]:
        """Up to `limit` ids, and where the next page begins; None at the end."""
        with self._database.open() as opened:
            return select.ids(opened, query, limit)

    def days(self, sort: Sort, *, marks: bool) -> list[Day]:
        """Every day with images in this order, newest first."""
        with self._database.open() as opened:
            return self._calendar.days(opened, sort, marks=marks)

    def progress(self) -> IndexProgress:
        """How much of the index is built; nothing if there is none. Raises nothing."""
        try:
            with self._database.open() as opened:
                return select.progress(opened)
        except (Unusable, GalleryError):
            return IndexProgress(is_whole=False, images=0)

    def since(self) -> Since | None:
        """Call before a change of the volume, and pass the result to `write` after it."""
        try:
            return self._refresher.since()
        except (Unusable, GalleryError):
            return None

    def write(self, since: Since | None, found: Mapping[str, Record | None]) -> None:
        """Write what this process has just changed: new records, or None for images that are gone.

        If that fails, the index is discarded: a caller must always see its own change.
        """
        try:
            again = self._refresher.write(since, found, must_write=True)
        except (Unusable, GalleryError):
            return
        if again:
            self.refresh(again)

    def refresh(self, ids: Sequence[str]) -> None:
        """Read again what this process may have changed; fails as `write` does."""
        try:
            self._refresher.refresh(filter(is_id, ids), must_write=True)
        except Unusable:
            return
        except GalleryError as error:
            self._refresher.database.discard_current(str(error))

    def _require_volume(self) -> None:
        """Raise if the volume is away: the index would list images that nobody can load."""
        try:
            if not self._volume.layout.images.is_dir():
                raise VolumeUnavailable("the volume is not there")
        except OSError as error:
            raise volume_error(error) from error
