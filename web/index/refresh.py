"""Updates rows of the index from the volume. Events, folders and the process's own changes all end here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.errors import ImageNotFound, UnusableRecord, VolumeUnavailable
from pipeline.records import Record
from pipeline.store import reading
from pipeline.volume.volume import Volume
from web.index.changes import Changes, last_change
from web.index.database import Database, Identity
from web.index.rows import Codec

_AT_ONCE = 200
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Since:
    """The last change of one generation of the index, taken before reading or changing the volume."""

    identity: Identity
    change: int


@dataclass(slots=True)
class Refresher:
    """Reads images from the volume and writes their rows. Safe to use from many threads and processes.

    `unread` are images whose record could not be read; the maintainer tries them again.
    """

    database: Database
    codec: Codec
    volume: Volume
    unread: set[str] = field(default_factory=set)

    def since(self, *, must_write: bool = False) -> Since:
        """Call before reading or changing the volume; raises `Unusable`."""
        with self.database.open(must_write=must_write) as opened:
            return Since(opened.identity, last_change(opened))

    def write(
        self,
        since: Since | None,
        found: Mapping[str, Record | None],
        position: str | None = None,
        *,
        must_write: bool = False,
    ) -> list[str]:
        """Write what was read after `since`; returns what to read again. Raises `Unusable`."""
        with self.database.open(must_write=must_write) as opened:
            if since is None or opened.identity != since.identity:
                return list(found)
            return Changes(opened, self.codec).apply(since.change, found, position)

    def refresh(
        self,
        ids: Iterable[str],
        position: str | None = None,
        *,
        listed: bool = False,
        must_write: bool = False,
    ) -> None:
        """Update the rows of images from the volume, and set the last event applied to `position`.

        `listed`: the caller has just listed their folders. Raises `Unusable`, and the volume's named errors.
        """
        left = list(dict.fromkeys(ids))
        if not left and position is None:
            return
        for begin in range(0, max(1, len(left)), _AT_ONCE):
            part = left[begin : begin + _AT_ONCE]
            last = begin + _AT_ONCE >= len(left)
            for _ in range(_TRIES):
                since = self.since(must_write=must_write)
                found = self.read(part, listed=listed)
                again = self.write(since, found, position if last else None, must_write=must_write)
                if not again:
                    break
                part = again
            else:
                self.unread.update(part)

    def read(self, ids: Iterable[str], *, listed: bool = False) -> dict[str, Record | None]:
        """The records of images, None for those that are gone or damaged; leaves out those that could not be read.

        Those go to `unread`. Raises `VolumeUnavailable` if the volume is away.
        """
        found: dict[str, Record | None] = {}
        for image_id in ids:
            try:
                found[image_id] = reading.get(self.volume, image_id, listed=listed)
            except (ImageNotFound, UnusableRecord):
                found[image_id] = None
            except VolumeUnavailable:
                self.volume.space()
                self.unread.add(image_id)
        return found
