"""How much is in the trash and what goes first: told by listing it, with what was read once held in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import GalleryError
from pipeline.store import trash
from pipeline.volume.volume import Volume

_READS = 1000


@dataclass(frozen=True, slots=True)
class Size:
    """How many images, and the bytes of their originals and renditions."""

    images: int
    bytes: int


class TrashSize:
    """Safe to use from many threads. After a start the bytes of at most `_READS` images are added by each call.

    What is remembered is a hint: when an image was deleted is read again, under the lock of its bytes, before it goes.
    """

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._guard = threading.Lock()
        self._sizes: dict[str, int] = {}
        self._deleted_at: dict[str, int] = {}

    def measure(self) -> Size:
        """What is in the trash; raises `VolumeUnavailable`."""
        ids = trash.ids(self._volume)
        with self._guard:
            self._sizes = {image_id: self._sizes[image_id] for image_id in ids if image_id in self._sizes}
            for image_id in [image_id for image_id in ids if image_id not in self._sizes][:_READS]:
                self._sizes[image_id] = self._size(image_id)
            return Size(len(ids), sum(self._sizes.values()))

    def make_room(self) -> Iterator[str]:
        """Permanently remove images from the trash, one for each step, oldest deletion first; yields the ids.

        Raises the volume's named errors.
        """
        ids = trash.ids(self._volume)
        known = self._deleted_at
        deleted_at = {image_id: at for image_id in ids if (at := known.get(image_id)) is not None}
        deleted_at |= trash.deletion_times(self._volume, [image_id for image_id in ids if image_id not in deleted_at])
        self._deleted_at = deleted_at.copy()  # another upload that makes room at the same time takes entries out of it
        for image_id in trash.oldest_first(deleted_at):
            removed = trash.is_purged(self._volume, image_id, by=deleted_at[image_id])
            self._deleted_at.pop(image_id, None)  # if it is still there, it was restored and deleted once more
            if removed:
                yield image_id

    def _size(self, image_id: str) -> int:
        try:
            record = trash.get(self._volume, image_id).record
        except GalleryError:
            return 0
        return record.bytes + sum(info.bytes for info in record.renditions.values())
