"""Several machines on one volume, each through a mount with caches of its own: what they do, and what must hold then.

`GALLERY_TEST_MOUNTS` names the mounts, with colons between. Nothing is decoded: renditions are made up from the hash of
the original, so that one of another picture would show.
"""

from __future__ import annotations

import hashlib
import os
import resource
import secrets
import struct
import time
import zlib
from collections import Counter
from contextlib import suppress
from pathlib import Path

from cli.doctor import examine
from pipeline.errors import ImageNotFound, Unrenderable
from pipeline.images.recipe import RECIPE
from pipeline.records import State
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store
from pipeline.store.cleanup import cleanup

MOUNTS = [mount for mount in os.environ.get("GALLERY_TEST_MOUNTS", "").split(":") if mount]
TURNS = int(os.environ.get("GALLERY_TEST_TURNS", "3"))


def picture(seed: bytes | None = None) -> bytes:
    """A small PNG that is no other one, or the same for the same seed."""
    text = seed or secrets.token_bytes(8)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + bytes(3 * 40) for _ in range(30)))
    header = struct.pack(">IIBBBBB", 40, 30, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tEXt", b"n\0" + text.hex().encode()) + chunk(
        b"IDAT", rows
    ) + chunk(b"IEND", b"")  # fmt: skip


def stores(name: str, **environ: str) -> list[Store]:
    """A store for each mount, on a new volume in a folder of this name. Each keeps its locks and folders open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    found = [Store(Settings.from_environment({"GALLERY_DATA": str(Path(m) / name), **environ})) for m in MOUNTS]
    for store in found:
        with suppress(FileExistsError):
            store.prepare()
    return found


def within_a_minute() -> None:
    """Wait for the next minute if this one is nearly over: the images are to share its folder."""
    if time.time() % 60 > 40:
        time.sleep(61 - time.time() % 60)


def accept(store: Store, data: bytes) -> str:
    """Upload a picture; the id of the image that has its bytes."""
    upload = store.draft(len(data))
    upload.write(data)
    return store.accept(upload, "a.png").record.id


def rendition(sha256: str, name: str) -> bytes:
    """What stands for a rendition of an original with this hash."""
    return f"{name} of {sha256}".encode()


def make(store: Store, image_id: str, *, fails: bool = False) -> None:
    """Do the job of an image; raises `NothingToDo`."""
    with store.attempt(image_id, worker="w") as attempt:
        if attempt.exhausted or fails:
            attempt.fail(Unrenderable())
            return
        sha256 = hashlib.sha256(attempt.original.read_bytes()).hexdigest()
        if not attempt.has_grid:
            attempt.put("grid", rendition(sha256, "grid"), 1, 1)
            attempt.show(RECIPE)
        attempt.put("view", rendition(sha256, "view"), 1, 1)
        attempt.finish()


def make_grid(store: Store, image_id: str) -> None:
    """Do the first half of the job of an image; raises `NothingToDo` and `ViewCanWait`."""
    with store.attempt(image_id, worker="w", grid_only=True) as attempt:
        if attempt.exhausted:
            attempt.fail(Unrenderable())
            return
        sha256 = hashlib.sha256(attempt.original.read_bytes()).hexdigest()
        attempt.put("grid", rendition(sha256, "grid"), 1, 1)
        attempt.hand_on(RECIPE)


def work_off(store: Store) -> None:
    """Sweep and work until nothing waits."""
    cleanup(store.volume)
    for image_id in store.pending():
        with suppress(NothingToDo, ImageNotFound):
            make(store, image_id)
    cleanup(store.volume)


def check(machines: list[Store], *, killed: bool = False) -> None:
    """Every promise, by what the first machine lists and each machine reads; raises `AssertionError`.

    If processes were `killed`, a claim without an image may be left, which is dropped when its bytes come again.
    """
    first = machines[0]
    work_off(first)
    assert first.pending() == []
    assert os.listdir(first.layout.incoming) == []
    holders: Counter[str] = Counter()
    ids = list(first.ids())
    for image_id in ids:
        for store in machines:
            record = store.get(image_id)
            assert record.state is not State.PENDING, f"{image_id} is pending on {store.layout.root}"
        data = first.original(record).read_bytes()
        assert hashlib.sha256(data).hexdigest() == record.sha256
        holders[record.sha256] += 1
        for name in record.renditions:
            assert first.layout.rendition(image_id, name).read_bytes() == rendition(record.sha256, name)
        claim = first.find_by_hash(record.sha256)
        assert claim is not None, f"{image_id} is not claimed"
        assert claim.id == image_id
    for image_id in first.trashed_ids():
        assert image_id not in ids
        record = first.trashed(image_id).record
        data = (first.layout.trashed(image_id) / record.original).read_bytes()
        assert hashlib.sha256(data).hexdigest() == record.sha256
        holders[record.sha256] += 1
    assert [sha256 for sha256, number in holders.items() if number > 1] == [], "two images hold the same bytes"
    failed = {image_id for image_id in ids if first.get(image_id).state is State.FAILED}
    assert set(first.failed()) == failed, (first.failed(), failed)
    allowed = {"rendition-broken", *(["claim-orphan"] if killed else [])}  # renditions are made up
    wrong = [(violation.code, violation.where) for violation in examine(first) if violation.code not in allowed]
    assert not wrong, wrong
