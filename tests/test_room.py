"""A volume is never so full of originals that what was accepted cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import VolumeFull
from pipeline.settings import Settings
from pipeline.store import Store, room
from tests.pictures import picture
from tests.product import mounted
from tests.stores import accept, make


def fill(store: Store, make_picture: Callable[[], bytes]) -> list[str]:
    """Upload until the volume refuses; the ids that were accepted."""
    accepted: list[str] = []
    while len(accepted) < 200:
        try:
            accepted.append(accept(store, make_picture()))
        except VolumeFull:
            return accepted
    raise AssertionError("the volume was never full")


def test_whatever_was_accepted_on_a_small_volume_can_be_made(tmp_path: Path) -> None:
    with mounted(tmp_path / "data", "size=64m") as mounts:
        if not mounts:
            pytest.skip("this machine does not let us mount a file system in memory")
        store = Store(Settings.from_environment({"GALLERY_DATA": str(tmp_path / "data"), "GALLERY_RESERVE_MB": "8"}))
        store.prepare()
        accepted = fill(store, lambda: picture("JPEG", (3000, 2000)) + bytes(600_000))
        assert len(accepted) > 10
        for image_id in accepted:
            make(store, image_id)
        assert store.pending() == []


def test_the_reserve_grows_with_what_waits(tmp_path: Path) -> None:
    with mounted(tmp_path / "data", "size=32m") as mounts:
        if not mounts:
            pytest.skip("this machine does not let us mount a file system in memory")
        store = Store(Settings.from_environment({"GALLERY_DATA": str(tmp_path / "data"), "GALLERY_RESERVE_MB": "1"}))
        store.prepare()
        most = 32 * 1024 * 1024 // room.NEED_BYTES
        fill(store, lambda: picture("PNG", (20, 20)))
        assert most - 4 <= len(store.pending()) <= most
        make(store, store.pending()[0])
