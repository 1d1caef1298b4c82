"""A store with images in every state."""

from __future__ import annotations

import pytest

from pipeline.errors import Unrenderable
from pipeline.store import Store
from tests.pictures import picture
from tests.stores import accept, make


@pytest.fixture
def filled(store: Store) -> Store:
    """Two ready images, one that waits, one that failed, and one in the trash."""
    ids = [accept(store, picture(kind)) for kind in ("JPEG", "PNG", "GIF", "WEBP", "PNG")]
    for image_id in (ids[0], ids[1], ids[4]):
        make(store, image_id)
    with store.attempt(ids[3], worker="test") as attempt:
        attempt.fail(Unrenderable())
    store.delete(ids[4])
    return store
