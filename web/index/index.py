"""The face of the index, as the rest of web sees it."""

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
from web.index.keeper import Keeper
from web.index.query import Position, Query, Sort
from web.index.refresh import Refresher, Since
from web.index.rows import Codec
from web.index.select import Calendar, IndexPage, IndexProgress


class Index:
    """Pages, ids and days from the index of a volume, in the folder `cache`.

    What reads raises `Unusable` if there is no whole index, and `VolumeUnavailable` if the volume is away.
    """

    def __init__(self, cache: Path, volume: Volume) -> None:
        self._cache = cache
        self._volume = volume
        self._calendar = Calendar()
        self.events = EventLog()

    def start(self) -> None:
        """Build and keep the index in a thread, if no other process of this machine does."""
        keep_running("index", lambda: Keeper(self._refresher, self.events).run())

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
        """Up to `limit` ids, and where to go on; None at the end."""
        with self._database.open() as opened:
            return select.ids(opened, query, limit)

    def days(self, sort: Sort, *, marks: bool) -> list[Day]:
        """Every day with images in this order, newest first."""
        with self._database.open() as opened:
            return self._calendar.days(opened, sort, marks=marks)

    def progress(self) -> IndexProgress:
        """How far the index is; nothing is indexed if there is none. Raises nothing."""
        try:
            with self._database.open() as opened:
                return select.progress(opened)
        except (Unusable, GalleryError):
            return IndexProgress(is_whole=False, images=0)

    def since(self) -> Since | None:
        """To be asked for before a change of the volume that `write` then notes."""
        try:
            return self._refresher.since()
        except (Unusable, GalleryError):
            return None

    def write(self, since: Since | None, found: Mapping[str, Record | None]) -> None:
        """Note what this process has just changed: new records, or None for images that are gone.

        If that fails, the index is discarded: whoever changed something must see it.
        """
        try:
            again = self._refresher.write(since, found, must_write=True)
        except (Unusable, GalleryError):
            return
        if again:
            self.refresh(again)

    def refresh(self, ids: Sequence[str]) -> None:
        """Read again what this process may have changed; as `write`."""
        try:
            self._refresher.refresh(filter(is_id, ids), must_write=True)
        except Unusable:
            return
        except GalleryError as error:
            self._refresher.database.discard_current(str(error))

    def _require_volume(self) -> None:
        """An index of a volume that is away would show what nobody can load."""
        try:
            if not self._volume.layout.images.is_dir():
                raise VolumeUnavailable("the volume is not there")
        except OSError as error:
            raise volume_error(error) from error
