"""Volumes whose days have files, and indexes that are built from them."""

from __future__ import annotations

import secrets
from pathlib import Path

from pipeline.records import Record
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.day_files import DayFiles
from pipeline.volume.files import replace_whole
from web.index import Query
from web.index.building import build
from web.index.database import Database
from web.index.events import EventLog
from web.index.refresh import Refresher
from web.index.rows import Codec
from web.index.select import page

REST = 0.05


def store_of(data: Path) -> Store:
    return Store(Settings.from_environment({"GALLERY_DATA": str(data)}))


def write_days(store: Store) -> int:
    return DayFiles(store.volume, 0, REST).work(60)


def walk(store: Store) -> list[Record]:
    return [store.get(image_id) for image_id in store.ids()]


def indexed(store: Store, cache: Path) -> tuple[list[Record], int]:
    """Every record of a new index, and how many of them were read one by one."""
    volume = store.volume
    refresher = Refresher(Database(cache / secrets.token_hex(4), volume.id), Codec(volume.id), volume)
    refresher.database.folder.mkdir(parents=True)
    refresher.database.create()
    read = build(refresher, EventLog(), lambda: None)
    with refresher.database.open() as opened:
        return page(opened, refresher.codec, Query(), 500).records, read


def rename(store: Store, image_id: str) -> None:
    """Replace a record, as making renditions again does."""
    record = store.get(image_id).with_(name=f"{secrets.token_hex(4)}.jpg")
    replace_whole(store.layout.record(image_id), record.to_json())
