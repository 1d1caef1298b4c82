"""The reserved space: what the waiting images will need, and at least what the settings say."""

from __future__ import annotations

import time
from contextlib import suppress

from pipeline.errors import VolumeFull, VolumeUnavailable
from pipeline.store import outbox
from pipeline.store.trash_size import TrashSize
from pipeline.volume.space import require_room, space
from pipeline.volume.volume import Volume

NEED_BYTES = 3_200_000
"""Maximum size of the renditions of one picture: 3.11 MB were measured, for noise of all colours that fills the largest
view, as WebP by an effort of 2 (at the usual effort 1.91 MB; as JPEG 2.28, as AVIF 1.69)."""

_FRESH_SECONDS = 1.0


class Room:
    """Checks whether another upload fits. Thread-safe."""

    def __init__(self, volume: Volume, reserve: int, trash_size: TrashSize) -> None:
        self._volume = volume
        self._reserve = reserve
        self._trash = trash_size
        self._waiting = 0
        self._counted = float("-inf")

    def require(self, more: int) -> None:
        """Raise `VolumeFull` unless `more` bytes fit beside what the waiting images and one more will need.

        What is in the trash makes room first.
        """
        try:
            self._look(more, self._count() + 1)
        except VolumeFull:
            if not self._can_make_room(more):
                raise
            for _ in self._trash.make_room():
                with suppress(VolumeFull):
                    self._look(more, self._count() + 1)
                    return
            raise

    def keep_free(self) -> int:
        """Empty the trash as far as the waiting images need it, if that is enough; how many images were removed."""
        removed = 0
        try:
            self._look(0, self._count())
        except VolumeFull:
            if not self._can_make_room(0):
                return 0
            for _ in self._trash.make_room():
                removed += 1
                with suppress(VolumeFull):
                    self._look(0, self._count())
                    break
        return removed

    def _can_make_room(self, more: int) -> bool:
        """Whether so many bytes would fit if the trash were empty; else nothing in it is given up in vain."""
        in_trash = self._trash.measure().bytes
        return space(self._volume.root).free + in_trash >= more + self._kept(self._count() + 1)

    def _kept(self, waiting: int) -> int:
        return max(self._reserve, waiting * NEED_BYTES)

    def _look(self, more: int, waiting: int) -> None:
        require_room(self._volume.root, more, self._kept(waiting), waiting)

    def taken(self) -> None:
        """Count one more waiting image, until they are counted again."""
        self._waiting += 1

    def _count(self) -> int:
        """How many images wait, at most a second old."""
        moment = time.monotonic()
        if moment > self._counted + _FRESH_SECONDS:
            try:
                self._waiting = len(outbox.pending(self._volume))
            except VolumeUnavailable:
                return self._waiting  # what follows fails by its own error
            self._counted = moment
        return self._waiting
