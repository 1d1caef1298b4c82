"""Removing the renditions that a ready or failed image had before its record named others."""

from __future__ import annotations

from pipeline.errors import ImageNotFound
from pipeline.records import State
from pipeline.store import outbox, reading
from pipeline.store.renditions import remove_former
from pipeline.volume.volume import Volume


def clear(volume: Volume, image_id: str) -> None:
    """Remove renditions that the record no longer names.

    Holds the image's lock, so that no attempt is making others meanwhile; if this process dies, the sweep finds the
    marker, and the next attempt ends what was begun. Whoever makes renditions of a ready image holds its original too
    (`regeneration`). Raises `Busy` or `OSError`.
    """
    with outbox.lock_marker(volume, image_id):
        try:
            record = reading.read(volume, image_id)
        except ImageNotFound:
            outbox.remove(volume, image_id)
            return
        if record.state is not State.PENDING and not record.is_newer:
            remove_former(volume.layout.image(image_id), record)
            outbox.remove(volume, image_id)
