"""`python -m tests.mounts`: processes accept, delete, retry, work and sweep on several mounts of one volume, and are
killed at any moment; then everything that was accepted must be there, once, whole and in the outbox while it waits.

`GALLERY_TEST_MOUNTS` names the mounts. Nothing is decoded: renditions are made up from the hash of the original, so
that one of another picture would show.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import secrets
import shutil
import signal
import struct
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import GalleryError, ImageNotFound, Unrenderable
from pipeline.records import RENDITIONS, State
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store
from pipeline.store.cleanup import cleanup

MOUNTS = [mount for mount in os.environ.get("GALLERY_TEST_MOUNTS", "").split(":") if mount]
TURNS = int(os.environ.get("GALLERY_TEST_TURNS", "3"))
_PROCESSES = 8
_PICTURES = 12


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


def stores(name: str) -> list[Store]:
    """A store for each mount, on a new volume in a folder of this name. Each keeps its locks and folders open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    found = [Store(Settings.from_environment({"GALLERY_DATA": str(Path(m) / name)})) for m in MOUNTS]
    for store in found:
        with suppress(FileExistsError):
            store.prepare()
    return found


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
        for name in RENDITIONS:
            attempt.put(name, rendition(sha256, name), 1, 1)
            attempt.show(1)
        attempt.finish()


def work_off(store: Store) -> None:
    """Sweep and work until nothing waits."""
    cleanup(store.volume)
    for image_id in store.pending():
        with suppress(NothingToDo, ImageNotFound):
            make(store, image_id)
    cleanup(store.volume)


def check(machines: list[Store]) -> None:
    """Every promise, by what the first machine lists and each machine reads; raises `AssertionError`."""
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
    assert [sha256 for sha256, number in holders.items() if number > 1] == [], "two images hold the same bytes"
    failed = {image_id for image_id in ids if first.get(image_id).state is State.FAILED}
    assert set(first.failed()) == failed


@dataclass
class Ledger:
    """What the processes said that was answered, and what they were about to do when they were killed."""

    accepted: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    count: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def _say(out: int, *words: str) -> None:
    os.write(out, (json.dumps(words) + "\n").encode())


def _act(store: Store, chance: random.Random, out: int, sources: list[bytes]) -> None:
    """One step of a process."""
    kind = chance.choices(("accept", "again", "delete", "retry", "work", "sweep"), (4, 3, 3, 1, 6, 2))[0]
    if kind in ("accept", "again"):
        seed = secrets.token_bytes(8) if kind == "accept" else chance.choice(sources)
        _say(out, "accepted", accept(store, picture(seed)), hashlib.sha256(picture(seed)).hexdigest())
    elif kind == "delete":
        ids = list(store.ids())
        if ids:
            image_id = chance.choice(ids)
            _say(out, "deleting", image_id)
            with suppress(ImageNotFound):
                store.delete(image_id)
                _say(out, "deleted", image_id)
    elif kind == "retry":
        for image_id in store.failed()[:2]:
            with suppress(GalleryError):
                store.retry(image_id)
                _say(out, "retried", image_id)
    elif kind == "work":
        for image_id in store.pending()[:4]:
            with suppress(NothingToDo, ImageNotFound):
                make(store, image_id, fails=chance.random() < 0.1)
                _say(out, "worked", image_id)
    else:
        cleanup(store.volume)
        _say(out, "swept")


def _live(store: Store, seed: int, out: int, sources: list[bytes]) -> None:
    """A process: steps until it is killed. What fails by an error of the volume is said, and the next step comes."""
    chance = random.Random(seed)
    while True:
        try:
            _act(store, chance, out, sources)
        except GalleryError as error:
            _say(out, "error", f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 - it is reported, and fails the run
            _say(out, "fault", f"{type(error).__name__}: {error}", traceback.format_exc())


def play(seconds: float, seed: int, say: Callable[[str], None] = print) -> Counter[str]:
    """Play for a while, then check; returns what happened."""
    chance, name = random.Random(seed), f"chaos-{secrets.token_hex(4)}"
    machines, ledger = stores(name), Ledger()
    sources = [secrets.token_bytes(8) for _ in range(_PICTURES)]
    running: dict[int, int] = {}
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            while len(running) < _PROCESSES:
                pid, pipe = _start(chance, name, sources)
                running[pid] = pipe
            time.sleep(chance.uniform(0.05, 0.6))
            pid = chance.choice(list(running))
            os.kill(pid, signal.SIGKILL)
            ledger.count["killed"] += 1
            _collect(pid, running.pop(pid), ledger)
    finally:
        for pid, pipe in running.items():
            os.kill(pid, signal.SIGKILL)
            _collect(pid, pipe, ledger)
    say(f"seed {seed}: {dict(ledger.count)}")
    _judge(machines, ledger)
    shutil.rmtree(machines[0].layout.root, ignore_errors=True)
    return ledger.count


def _start(chance: random.Random, name: str, sources: list[bytes]) -> tuple[int, int]:
    mount, seed = chance.choice(MOUNTS), chance.getrandbits(32)
    pipe, out = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(pipe)
        _live(Store(Settings.from_environment({"GALLERY_DATA": str(Path(mount) / name)})), seed, out, sources)
        os._exit(1)
    os.close(out)
    return pid, pipe


def _collect(pid: int, pipe: int, ledger: Ledger) -> None:
    """Read what a process has said; its last line may be cut short."""
    os.waitpid(pid, 0)
    with os.fdopen(pipe, "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                continue
            kind, *rest = json.loads(line)
            ledger.count[kind] += 1
            if kind == "accepted":
                ledger.accepted[rest[0]] = rest[1]
            elif kind == "deleting":
                ledger.unsure.add(rest[0])
            elif kind == "deleted":
                ledger.deleted.add(rest[0])
            elif kind in ("error", "fault"):
                ledger.count[f"{kind} {rest[0][:80]}"] += 1
                ledger.faults += rest[1:]


def _judge(machines: list[Store], ledger: Ledger) -> None:
    check(machines)
    there = {image_id: machines[1].get(image_id).sha256 for image_id in machines[1].ids()}
    gone = ledger.deleted & there.keys()
    assert not gone, f"deleted and there: {sorted(gone)}"
    lost = ledger.accepted.keys() - ledger.unsure - there.keys()
    assert not lost, f"accepted and not there: {sorted(lost)}"
    wrong = {i for i in ledger.accepted.keys() & there.keys() if there[i] != ledger.accepted[i]}
    assert not wrong, f"other bytes than were accepted: {sorted(wrong)}"
    assert not ledger.count["fault"], "\n".join(["an error of the system came through", *ledger.faults])


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    options = parser.parse_args()
    if len(MOUNTS) < 2:
        print("Set GALLERY_TEST_MOUNTS to the mounts of one volume, with colons between.", file=sys.stderr)
        return 2
    end, total, seed = time.monotonic() + options.minutes * 60, Counter[str](), options.seed
    while time.monotonic() < end:
        total += play(min(60.0, end - time.monotonic()), seed, lambda text: print(text, flush=True))
        seed += 1
    print(f"all held: {dict(total)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
