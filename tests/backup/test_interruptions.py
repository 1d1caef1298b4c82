"""Runs that are killed, streams that are cut off, and people who upload and delete meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.errors import ImageNotFound
from pipeline.store import Store
from pipeline.volume.layout import RECORD
from tests.backup.commands import command, counts, finish, opened
from tests.pictures import picture
from tests.product import ROOT
from tests.stores import accept, make


@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_run_that_is_killed_anywhere_leaves_whole_images_and_is_continued(
    store: Store, tmp_path: Path, what: str
) -> None:
    for _ in range(30):
        accept(store, picture() + os.urandom(300_000))
    target, new = tmp_path / "kept", opened(tmp_path / "new")
    if what == "restore":
        command(store, "backup", str(target))
    on = store if what == "backup" else new
    environ = {**os.environ, "GALLERY_DATA": str(on.layout.root)}
    copied = target / "images" if what == "backup" else new.layout.images
    for number in (1, 15):
        process = subprocess.Popen([sys.executable, "-m", "cli", what, str(target)], cwd=ROOT, env=environ)
        end = time.monotonic() + 60
        while len(list(copied.glob("*/*/*"))) < number and process.poll() is None:
            assert time.monotonic() < end
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        for folder in copied.glob("*/*/*"):
            assert {path.name for path in folder.iterdir()} == {"original.png", RECORD}
    done = command(on, what, str(target), "--json")
    assert done.returncode == 0, done.stderr
    assert sum(counts(done).values()) == 30
    if what == "backup":
        command(new, "restore", str(target))
    finish(new)
    originals = {record.id: new.original(record).read_bytes() for record in new.page().records}
    assert originals == {record.id: store.original(record).read_bytes() for record in store.page().records}


def test_a_stream_that_is_cut_off_says_so_and_what_came_is_restored(filled: Store, tmp_path: Path) -> None:
    made = command(filled, "backup", "-")
    new = opened(tmp_path / "new")
    for end in (0, 1000, len(made.stdout) // 2):
        done = command(new, "restore", "-", input=made.stdout[:end])
        assert (done.returncode, b"cut off" in done.stderr) == (2, True)
        assert b"Traceback" not in done.stderr
    finish(new)
    assert new.page().records
    assert command(new, "restore", "-", input=made.stdout).returncode == 0
    assert len(new.page().records) == 4


def test_a_backup_made_while_images_come_and_go_has_every_one_that_stayed(store: Store, tmp_path: Path) -> None:
    stayed = {accept(store, picture()) for _ in range(10)}
    ended = threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            image_id = accept(store, picture())
            make(store, image_id)
            store.delete(image_id)
            try:
                store.restore(image_id)
                store.delete(image_id)
                store.purge(image_id)
            except ImageNotFound:
                continue

    threads = [threading.Thread(target=come_and_go) for _ in range(3)]
    for thread in threads:
        thread.start()
    done = [command(store, "backup", str(tmp_path / "kept"), "--json") for _ in range(3)]
    stream = command(store, "backup", "-")
    ended.set()
    for thread in threads:
        thread.join(60)
    assert [run.returncode for run in done] == [0, 0, 0], done[-1].stdout
    assert stream.returncode == 0
    for source, data in ((str(tmp_path / "kept"), b""), ("-", stream.stdout)):
        new = opened(tmp_path / f"new{len(data)}")
        assert command(new, "restore", source, input=data).returncode == 0
        assert stayed <= {record.id for record in new.page(limit=10_000).records}
        finish(new)
