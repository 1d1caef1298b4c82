"""Permanently removing what has been in the trash for its time, at a cost that does not grow with the trash."""

from __future__ import annotations

from pipeline.errors import volume_error
from pipeline.store import trash
from pipeline.volume.volume import Volume

_NEW, _AGAIN = 1000, 100


class Expiry:
    """Remembers when each image was put into the trash: a sweep lists the trash, and reads the times of up to `_NEW`
    images that it does not know, and again of `_AGAIN` others, the longest ago first.

    What is remembered is a hint: an image may have been restored and deleted once more since. The time of one that
    seems due is read again, under the lock of its bytes, before the image goes. One thread uses it.
    """

    def __init__(self, volume: Volume, seconds: float) -> None:
        self._volume = volume
        self._seconds = seconds
        self._deleted_at: dict[str, int] = {}
        """In nanoseconds, in the order in which they were read."""

    def remove_due(self) -> int:
        """Permanently remove what was put into the trash so long ago; how many images.

        Raises the volume's named errors.
        """
        ids = trash.ids(self._volume)
        self._read(ids)
        if not ids:
            return 0
        try:
            end = self._volume.now_ns() - int(self._seconds * 1e9)
        except OSError as error:
            raise volume_error(error) from error
        due = {image_id: at for image_id, at in self._deleted_at.items() if at <= end}
        return sum(trash.is_purged(self._volume, image_id, by=end) for image_id in trash.oldest_first(due))

    def _read(self, ids: list[str]) -> None:
        in_trash = set(ids)
        known = {image_id: at for image_id, at in self._deleted_at.items() if image_id in in_trash}
        unknown = [image_id for image_id in reversed(ids) if image_id not in known]
        read = trash.deletion_times(self._volume, [*unknown[:_NEW], *list(known)[:_AGAIN]])
        self._deleted_at = {image_id: at for image_id, at in known.items() if image_id not in read} | read
