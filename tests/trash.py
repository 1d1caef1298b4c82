"""What the tests of the trash share."""

from __future__ import annotations

import os

from pipeline.store import Store
from tests.conftest import picture
from tests.stores import accept, make

DAY = 24 * 60 * 60


def put_away_before(store: Store, image_id: str, seconds: float) -> None:
    """Let an image have been in the trash for so long, by the volume's clock."""
    then = store.volume.now_ns() - int(seconds * 1e9)
    os.utime(store.layout.trashed(image_id), ns=(then, then))


def ready(store: Store) -> str:
    image_id = accept(store, picture())
    make(store, image_id)
    return image_id
