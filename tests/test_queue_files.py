"""The embedded server's files may be damaged in any way: it starts, and the outbox fills the queue anew."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis

from tests.conftest import Gallery, picture, until
from tests.launched import launched
from tests.product import mounted


def incr(folder: Path) -> Path:
    return next(folder.glob("*.incr.aof"))


def append_nuls(folder: Path) -> None:
    """As a power loss leaves a file whose new length was written and whose bytes were not."""
    with incr(folder).open("ab") as file:
        file.write(bytes(4096))


def overwrite_a_byte(folder: Path) -> None:
    data = bytearray(incr(folder).read_bytes())
    data[data.index(b"\r\n*", len(data) // 2) + 2] = 0xFF
    incr(folder).write_bytes(data)


def empty_the_manifest(folder: Path) -> None:
    os.truncate(next(folder.glob("*.manifest")), 0)


def overwrite_the_manifest(folder: Path) -> None:
    next(folder.glob("*.manifest")).write_bytes(os.urandom(200))


def remove_a_file_that_the_manifest_names(folder: Path) -> None:
    incr(folder).unlink()


def truncate_the_base(folder: Path) -> None:
    os.truncate(next(folder.glob("*.base.rdb")), 20)


def put_a_folder_in_a_files_place(folder: Path) -> None:
    path = incr(folder)
    path.unlink()
    path.mkdir()


def put_a_file_in_the_folders_place(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.write_bytes(b"?")


def fill(gallery: Gallery) -> None:
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        for number in range(200):
            redis.set(f"key {number}", "x" * 100)


@pytest.fixture
def filled(bare: Gallery) -> Gallery:
    """A Redis that held something, stopped."""
    bare.log = bare.data / "log"
    bare.start_redis()
    fill(bare)
    assert bare.stop("redis") == 0
    return bare


def keys(gallery: Gallery) -> int:
    gallery.start_redis()
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:
        return int(redis.dbsize())


def said(gallery: Gallery) -> int:
    assert gallery.log is not None
    return gallery.log.read_text().count("The queue's files were damaged and are set aside (")


def test_files_that_are_whole_stay(filled: Gallery) -> None:
    assert keys(filled) == 200
    assert said(filled) == 0
    assert not (filled.data / "redis" / "damaged").exists()


@pytest.mark.parametrize(
    "damage",
    [
        append_nuls,
        overwrite_a_byte,
        empty_the_manifest,
        overwrite_the_manifest,
        remove_a_file_that_the_manifest_names,
        truncate_the_base,
        put_a_folder_in_a_files_place,
        put_a_file_in_the_folders_place,
    ],
)
def test_files_that_the_server_refuses_are_set_aside_with_one_line(
    filled: Gallery, damage: Callable[[Path], None]
) -> None:
    folder = filled.data / "redis" / "appendonlydir"
    for time in (1, 2):
        damage(folder)
        assert keys(filled) == 0
        assert said(filled) == time
        fill(filled)
        assert os.listdir(filled.data / "redis" / "damaged") == ["appendonlydir"]  # the last ones alone are kept
        assert filled.stop("redis") == 0
    assert keys(filled) == 200
    assert said(filled) == 2


def test_files_stay_when_the_server_cannot_run_without_them_either(filled: Gallery) -> None:
    with mounted(filled.data / "small", "size=1m") as mounts:
        if not mounts:
            pytest.skip("needs the right to mount")
        filled.environ["GALLERY_DATA"] = str(filled.data / "small")
        assert keys(filled) == 0
        assert filled.stop("redis") == 0
        folder = filled.data / "small" / "redis"
        empty_the_manifest(folder / "appendonlydir")
        before = sorted(os.listdir(folder / "appendonlydir"))
        (folder / "valkey.conf").unlink()
        filler = os.open(folder / "filler", os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):
            while os.write(filler, bytes(256)):
                pass
        os.close(filler)
        filled.start("redis", "launcher.redis")
        assert filled.processes.pop("redis").wait(60) == 1
        assert sorted(os.listdir(folder / "appendonlydir")) == before
        (folder / "filler").unlink()
        assert keys(filled) == 0


def test_a_pending_picture_is_made_though_the_queues_files_are_damaged(tmp_path: Path) -> None:
    with launched(tmp_path) as run:
        process = run.start()
        run.until_ready()
        (worker,) = (pid for pid in run.running("-m worker"))
        os.kill(worker, signal.SIGSTOP)
        image_id = run.gallery.upload(picture()).json["id"]
        process.kill()
        run.until_nothing_runs()
        append_nuls(run.gallery.data / "redis" / "appendonlydir")
        run.start()
        assert until(lambda: run.gallery.until_ended(image_id), 60)["state"] == "ready"
        assert run.said().count("are set aside") == 1
