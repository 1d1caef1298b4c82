"""The files that hold the records of whole days: an index is built from them, and never believes one that is wrong."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from cli.doctor import examine
from pipeline.store import Store
from pipeline.store.day_file import Entry, Writer, entries
from pipeline.store.day_files import DayFiles
from tests.conftest import picture, until
from tests.day_files import REST, indexed, rename, walk, write_days
from tests.stores import accept


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
    time.sleep(2 * REST)
    rounds = DayFiles(full.volume, 0, REST)
    until(lambda: rounds.work(60) + 1 and indexed(full, tmp_path)[1] == 0, 60)
    assert indexed(full, tmp_path)[0] == walk(full)


def test_each_round_compares_a_day_and_so_many_rounds_compare_all(full: Store, tmp_path: Path) -> None:
    rounds = DayFiles(full.volume, 0, REST)
    assert rounds.work(60) == 6
    one_of_each_day = {full.layout.bucket(image_id).parent: image_id for image_id in full.ids()}
    for _ in range(2):
        for image_id in one_of_each_day.values():
            rename(full, image_id)
        time.sleep(2 * REST)
        for _ in range(6):
            rounds.work(60)
        assert indexed(full, tmp_path) == (walk(full), 0)


def test_a_day_is_written_once_it_rests_and_nothing_in_it_waits(full: Store) -> None:
    waiting = accept(full, picture())
    days = set(os.listdir(full.layout.images))
    today = full.layout.bucket(waiting).parent.name
    assert DayFiles(full.volume, 0, 3600).work(60) == 0
    time.sleep(2 * REST)
    write_days(full)
    assert set(os.listdir(full.layout.days)) == days - {today}


def test_what_changed_just_now_is_never_newer_than_the_clock_of_the_volume(full: Store) -> None:
    for number in range(200):
        file = full.volume.root / f"{number}"
        file.touch()
        assert file.stat().st_ctime_ns <= full.volume.now_ns()


def test_a_day_that_is_gone_loses_its_file(full: Store) -> None:
    write_days(full)
    day = min(os.listdir(full.layout.images))
    shutil.rmtree(full.layout.images / day)
    write_days(full)
    assert sorted(os.listdir(full.layout.days)) == sorted(os.listdir(full.layout.images))


def test_writing_goes_on_where_it_was_interrupted(full: Store, tmp_path: Path) -> None:
    rounds = DayFiles(full.volume, 0, REST)
    assert sum(rounds.work(0) for _ in range(200)) == 6
    assert indexed(full, tmp_path) == (walk(full), 0)


def test_a_full_volume_gets_no_files_of_days(full: Store) -> None:
    assert DayFiles(full.volume, 1 << 60, REST).work(60) == 0
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
    time.sleep(2 * REST)
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
