"""Finding marks of failures that are outdated, at a cost that does not grow with the number of failed images."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.errors import ImageNotFound, UnusableRecord, VolumeUnavailable
from pipeline.records import State
from pipeline.store import failure_marks, outbox, reading, trash
from pipeline.volume.volume import Volume

_NEW, _AGAIN = 500, 50


class OutdatedFailures:
    """Remembers which marks in `failed/` were checked: a sweep lists them, reads the records of up to `_NEW` images
    that it does not know, and again of `_AGAIN` others, the longest ago first.

    A retry or a delete that is cut short leaves the mark behind, and the image in the outbox or in the trash. Such a
    mark is checked by the next sweep, whatever is remembered. One thread uses it.
    """

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._checked: dict[str, None] = {}
        """In the order in which they were checked."""

    def due(self, pending: Iterable[str]) -> list[str]:
        """The ids to check now, with the outbox as it was listed just before; raises the volume's named errors.

        If a retry came after that listing, its image is in doubt from the next sweep on.
        """
        marked = outbox.failed(self._volume)
        if not marked:
            self._checked = {}
            return []
        in_doubt = set(marked).intersection([*pending, *trash.ids(self._volume)])
        trusted = set(marked) - in_doubt
        self._checked = {image_id: None for image_id in self._checked if image_id in trusted}
        unknown = [image_id for image_id in reversed(marked) if image_id not in self._checked]
        unknown.sort(key=lambda image_id: image_id not in in_doubt)
        return [*unknown[:_NEW], *list(self._checked)[:_AGAIN]]

    def drop_if_outdated(self, image_id: str) -> bool:
        """Remove the mark of an image that has not failed; whether it was removed. Raises `OSError`, and as
        `reading.read`."""
        self._checked.pop(image_id, None)
        self._checked[image_id] = None  # one that cannot be read too: its turn comes again
        return self._is_outdated(image_id) and failure_marks.forget_failure(self._volume, image_id)

    def _is_outdated(self, image_id: str) -> bool:
        try:
            record = reading.read(self._volume, image_id)
        except ImageNotFound:
            pass
        except (VolumeUnavailable, UnusableRecord):
            return False
        else:
            if record.state is State.FAILED or record.is_newer:
                return False
        # the mark of a failure comes before its record, while the image is locked
        return not self._volume.image_locks.is_held(image_id)
