"""The volume that is damaged, made once and copied for each test, and the fixtures that give it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import Unrenderable
from pipeline.ids import least_at
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.deletion import drop_empty
from tests.damage.volume import Volume
from tests.pictures import picture
from tests.stores import accept, make

_MINUTES = [0, 0, 1, 1440, 1441, 2880, 2880, 4320]


def open_store(root: Path) -> Store:
    store = Store(Settings.from_environment({"GALLERY_DATA": str(root)}))
    store.prepare()
    return store


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """Six ready images, one that waits, one that failed, on four days."""
    store = open_store(tmp_path_factory.mktemp("template") / "data")
    ids = [accept(store, picture(size=(96, 60))) for _ in _MINUTES]
    for image_id in ids[:6]:
        make(store, image_id)
    with store.attempt(ids[7], worker="test") as attempt:
        attempt.fail(Unrenderable())
    begin = datetime(2026, 3, 1, 12, 30, 20, tzinfo=UTC)
    moments = [begin + timedelta(minutes=m, milliseconds=n) for n, m in enumerate(_MINUTES)]
    placed = [rename(store, image_id, moment) for image_id, moment in zip(ids, moments, strict=True)]
    assert placed == sorted(placed)
    return Volume(store, placed[:6], placed[6], placed[7])


def rename(store: Store, image_id: str, moment: datetime) -> str:
    """As if the image had been accepted at that moment."""
    layout, new = store.layout, least_at(moment) + image_id[13:]
    raw = json.loads(layout.record(image_id).read_bytes())
    layout.bucket(new).mkdir(parents=True, exist_ok=True)
    layout.image(image_id).rename(layout.image(new))
    layout.record(new).write_text(json.dumps(raw | {"id": new}))
    for old, place in (
        (layout.marker(image_id), layout.marker(new)),
        (layout.failure(image_id), layout.failure(new)),
    ):
        if old.exists():
            old.rename(place)
    layout.claim(raw["sha256"]).unlink()
    layout.claim(raw["sha256"]).symlink_to(new)
    drop_empty(store.volume, image_id)
    return new


@pytest.fixture
def volume(template: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Volume:
    monkeypatch.setattr("pipeline.store.checks.examine.SECOND_LOOK_SECONDS", 0.01)
    return Volume(copied(template, tmp_path), template.ready, template.waiting, template.failed)


def copied(template: Volume, folder: Path) -> Store:
    shutil.copytree(template.layout.root, folder / "data", symlinks=True, dirs_exist_ok=True)
    return open_store(folder / "data")
