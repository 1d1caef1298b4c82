"""The files that hold the records of whole days: an index is built from them, and never believes one that is wrong."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bench.make_volume import make
from cli.doctor import examine
from pipeline.records import Record
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.day_file import Entry, Writer, entries
from pipeline.store.day_files import DayFiles
from pipeline.volume.files import replace_whole
from tests.conftest import picture, until
from tests.stores import accept
from web.index import Query
from web.index.building import build
from web.index.database import Database
from web.index.events import EventLog
from web.index.refresh import Refresher
from web.index.rows import Codec
from web.index.select import page

_REST = 0.05


def store_of(data: Path) -> Store:
    return Store(Settings.from_environment({"GALLERY_DATA": str(data)}))


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Sixty images over six days, which have rested. An index reads no record twice, which would mend it."""
    monkeypatch.setattr("web.index.folders._RECHECK_SECONDS", -1)
    make(tmp_path / "data", images=60, days=6, burst=4)
    time.sleep(2 * _REST)
    return store_of(tmp_path / "data")


def write_days(store: Store) -> int:
    return DayFiles(store.volume, 0, _REST).work(60)


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


def test_an_index_is_built_from_the_files_of_days_without_reading_each_record(full: Store, tmp_path: Path) -> None:
    assert indexed(full, tmp_path) == (walk(full), 60)
    assert write_days(full) == 6
    assert indexed(full, tmp_path) == (walk(full), 0)
    assert write_days(full) == 0


def test_what_changed_after_a_day_was_written_is_read_itself(full: Store, tmp_path: Path) -> None:
    write_days(full)
    newest, *others = full.ids()
    rename(full, newest)
    full.delete(others[0])
    assert indexed(full, tmp_path) == (walk(full), 1)
    time.sleep(2 * _REST)
    rounds = DayFiles(full.volume, 0, _REST)
    until(lambda: rounds.work(60) + 1 and indexed(full, tmp_path)[1] == 0, 20)
    assert indexed(full, tmp_path)[0] == walk(full)


def test_each_round_compares_a_day_and_so_many_rounds_compare_all(full: Store, tmp_path: Path) -> None:
    rounds = DayFiles(full.volume, 0, _REST)
    assert rounds.work(60) == 6
    one_of_each_day = {full.layout.bucket(image_id).parent: image_id for image_id in full.ids()}
    for _ in range(2):
        for image_id in one_of_each_day.values():
            rename(full, image_id)
        time.sleep(2 * _REST)
        for _ in range(6):
            rounds.work(60)
        assert indexed(full, tmp_path) == (walk(full), 0)


def test_a_day_is_written_once_it_rests_and_nothing_in_it_waits(full: Store) -> None:
    waiting = accept(full, picture())
    days = set(os.listdir(full.layout.images))
    today = full.layout.bucket(waiting).parent.name
    assert DayFiles(full.volume, 0, 3600).work(60) == 0
    time.sleep(2 * _REST)
    write_days(full)
    assert set(os.listdir(full.layout.days)) == days - {today}


def test_a_day_that_is_gone_loses_its_file(full: Store) -> None:
    write_days(full)
    day = min(os.listdir(full.layout.images))
    shutil.rmtree(full.layout.images / day)
    write_days(full)
    assert sorted(os.listdir(full.layout.days)) == sorted(os.listdir(full.layout.images))


def test_writing_goes_on_where_it_was_interrupted(full: Store, tmp_path: Path) -> None:
    rounds = DayFiles(full.volume, 0, _REST)
    assert sum(rounds.work(0) for _ in range(200)) == 6
    assert indexed(full, tmp_path) == (walk(full), 0)


def test_a_full_volume_gets_no_files_of_days(full: Store) -> None:
    assert DayFiles(full.volume, 1 << 60, _REST).work(60) == 0
    assert os.listdir(full.layout.days) == []


def test_a_file_of_a_newer_release_is_left_as_it_is(full: Store, tmp_path: Path) -> None:
    write_days(full)
    newer = full.layout.days / min(os.listdir(full.layout.days))
    newer.write_bytes(b"gallery-day 2\nwhatever")
    assert write_days(full) == 0
    assert newer.read_bytes() == b"gallery-day 2\nwhatever"
    assert indexed(full, tmp_path)[0] == walk(full)
    assert {found.code for found in examine(full)} == {"original-damaged"}  # as made for tests


def test_what_a_killed_process_left_half_written_is_removed(full: Store) -> None:
    alive = full.layout.days / f".2026-01-01.{full.volume.presence.token()}.tmp"
    for path in (alive, full.layout.days / ".2026-01-01.0badcafe.tmp"):
        path.write_bytes(b"half")
    write_days(full)
    assert [name for name in os.listdir(full.layout.days) if name.startswith(".")] == [alive.name]


def test_an_index_of_a_restored_volume_has_the_restored_records(full: Store, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(full.layout.root, backup, symlinks=True)
    for image_id in list(full.ids())[::3]:
        rename(full, image_id)
    time.sleep(2 * _REST)
    write_days(full)
    shutil.rmtree(full.layout.images)
    shutil.copytree(backup / "images", full.layout.images)  # with their former stamps, below files that tell others
    assert indexed(full, tmp_path)[0] == walk(full)


def test_a_record_that_is_nested_too_deeply_in_the_file_of_a_day_is_read_itself(full: Store, tmp_path: Path) -> None:
    write_days(full)
    path, deep = min(full.layout.days.iterdir()), b',"more":' + b"[" * 5000 + b"]" * 5000 + b"}"
    true = list(entries(full.volume, path.name))
    with path.open("wb") as file:
        writer = Writer(file, full.volume, path.name)
        for one in true:
            writer.add(Entry(one.id, one.stamp, one.record[:-1] + deep))
        writer.flush()
    assert indexed(full, tmp_path) == (walk(full), len(true))


def flip(file: Path, _dice: random.Random, _other: bytes) -> None:
    data = bytearray(file.read_bytes())
    for _ in range(_dice.randrange(1, 4)):
        data[_dice.randrange(len(data))] ^= 1 << _dice.randrange(8)
    file.write_bytes(data)


def cut(file: Path, dice: random.Random, _other: bytes) -> None:
    os.truncate(file, dice.randrange(file.stat().st_size))


def add(file: Path, dice: random.Random, _other: bytes) -> None:
    file.write_bytes(file.read_bytes() + dice.randbytes(dice.randrange(1, 200)))


def repeat(file: Path, _dice: random.Random, _other: bytes) -> None:
    file.write_bytes(file.read_bytes() + file.read_bytes()[len(b"gallery-day 1\n") :])


def exchange(file: Path, dice: random.Random, _other: bytes) -> None:
    other = dice.choice(list(file.parent.iterdir()))
    data = other.read_bytes()
    other.write_bytes(file.read_bytes())
    file.write_bytes(data)


def of_another_volume(file: Path, _dice: random.Random, other: bytes) -> None:
    file.write_bytes(other)


def claim_a_long_block(file: Path, _dice: random.Random, _other: bytes) -> None:
    data = bytearray(file.read_bytes())
    data[14:18] = b"\xff\xff\xff\xff"
    file.write_bytes(data)


def of_the_future(file: Path, _dice: random.Random, _other: bytes) -> None:
    os.utime(file, (4e9, 4e9))


def a_folder(file: Path, _dice: random.Random, _other: bytes) -> None:
    file.unlink()
    file.mkdir()


def a_link(file: Path, _dice: random.Random, _other: bytes) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


WRONGS: tuple[Callable[[Path, random.Random, bytes], None], ...] = (
    flip, cut, add, repeat, exchange, of_another_volume, claim_a_long_block, of_the_future, a_folder, a_link,
)  # fmt: skip


@pytest.fixture
def foreign(tmp_path: Path) -> bytes:
    """The file of a day of another volume that has copies of the same images."""
    make(tmp_path / "elsewhere", images=10, days=1)
    time.sleep(2 * _REST)
    store = store_of(tmp_path / "elsewhere")
    write_days(store)
    return next(store.layout.days.iterdir()).read_bytes()


@pytest.mark.parametrize("seed", range(3))
def test_no_file_of_a_day_makes_an_index_wrong(full: Store, foreign: bytes, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    for step in range(30):
        files = [path for path in full.layout.days.iterdir() if path.is_file() and not path.is_symlink()]
        images = list(full.ids())
        match dice.choice(("damage", "damage", "replace", "delete", "accept", "write")):
            case "damage" if files:
                with suppress(OSError):
                    dice.choice(WRONGS)(dice.choice(files), dice, foreign)
            case "replace":
                rename(full, dice.choice(images))
            case "delete" if len(images) > 20:
                full.delete(dice.choice(images))
            case "accept":
                accept(full, picture())
            case _:
                time.sleep(2 * _REST)
                write_days(full)
        assert indexed(full, tmp_path / "caches")[0] == walk(full), step
        shutil.rmtree(tmp_path / "caches")
