"""Damaged files of days, by chance, while images come and go: no index is wrong for them."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bench.make_volume import make
from pipeline.store import Store
from tests.conftest import picture
from tests.day_files import REST, indexed, rename, store_of, walk, write_days
from tests.stores import accept


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
    time.sleep(2 * REST)
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
                time.sleep(2 * REST)
                write_days(full)
        assert indexed(full, tmp_path / "caches")[0] == walk(full), step
        shutil.rmtree(tmp_path / "caches")
