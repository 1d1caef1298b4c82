"""Processes that accept, delete, retry, work and sweep on all mounts, and are killed at any moment."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import shutil
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import GalleryError, ImageNotFound
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store, ViewCanWait
from pipeline.store.cleanup import cleanup
from tests.mounts import MOUNTS, accept, check, make, make_grid, picture, stores

_PROCESSES = 8
_PICTURES = 12


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
            with suppress(NothingToDo, ViewCanWait, ImageNotFound):
                if chance.random() < 0.3:
                    make_grid(store, image_id)
                else:
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
