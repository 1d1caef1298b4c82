"""Processes that accept, delete, restore, retry, work and sweep on all mounts, and are killed at any moment."""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import GalleryError, ImageNotFound
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store, ViewCanWait
from pipeline.store.cleanup import cleanup
from tests.chaos.history import ABSENT, CUT_OFF, THERE, TRASHED, Call, History
from tests.mounts import MOUNTS, check, make, make_grid, picture, stores

_PROCESSES = 8
_PICTURES = 12


@dataclass
class Ledger:
    """What the processes said. `calls` has those that concern an image, by its id; `cut_off` has uploads of which
    nobody knows how they ended, by their hash."""

    calls: dict[str, list[Call]] = field(default_factory=dict)
    cut_off: dict[str, list[Call]] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def note(self, call: Call, image_id: str, sha256: str) -> None:
        """Note a call; the id is empty if an upload did not end."""
        if image_id:
            self.calls.setdefault(image_id, []).append(call)
            if sha256:
                assert self.hashes.setdefault(image_id, sha256) == sha256, f"{image_id} is said to have other bytes"
        else:
            self.cut_off.setdefault(sha256, []).append(call)

    def ends(self, image_id: str) -> set[str]:
        """The states that an image can be in now; empty if no order of the calls explains the answers.

        An image whose upload was cut off may be known by its id alone.
        """
        sha256 = self.hashes.get(image_id)
        unsure = [call for of, calls in self.cut_off.items() if sha256 in (None, of) for call in calls]
        return History([*self.calls[image_id], *unsure]).ends()


def _say(out: int, *words: str) -> None:
    os.write(out, (json.dumps(words) + "\n").encode())


@contextmanager
def _calling(out: int, what: str, image_id: str, sha256: str = "") -> Iterator[Callable[[str, str], None]]:
    """Say that a call begins; what is yielded says how it ended."""
    _say(out, "call", what, image_id, sha256, str(time.monotonic()))
    yield lambda answer, found: _say(out, "answer", answer, found, str(time.monotonic()))


def _upload(store: Store, out: int, seed: bytes) -> None:
    data = picture(seed)
    with _calling(out, "upload", "", hashlib.sha256(data).hexdigest()) as ended:
        upload = store.draft(len(data))
        upload.write(data)
        accepted = store.accept(upload, "a.png")
        ended("new" if accepted.new else "restored" if accepted.restored else "standing", accepted.record.id)


def _change(out: int, what: str, change: Callable[[str], object], image_id: str) -> None:
    """Delete or restore an image."""
    with _calling(out, what, image_id) as ended:
        try:
            change(image_id)
        except ImageNotFound:
            ended("missing", image_id)
        else:
            ended("done", image_id)


def _act(store: Store, chance: random.Random, out: int, sources: list[bytes]) -> None:
    """One step of a process."""
    kind = chance.choices(("upload", "again", "delete", "restore", "retry", "work", "sweep"), (4, 3, 3, 1, 1, 6, 2))[0]
    if kind in ("upload", "again"):
        _upload(store, out, secrets.token_bytes(8) if kind == "upload" else chance.choice(sources))
    elif kind == "delete":
        if ids := list(store.ids()):
            _change(out, "delete", store.delete, chance.choice(ids))
    elif kind == "restore":
        if ids := store.trashed_ids():
            _change(out, "restore", store.restore, chance.choice(ids))
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
    begun: list[str] = []
    with os.fdopen(pipe, "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                continue
            kind, *rest = json.loads(line)
            if kind == "call":
                _end(begun, ledger)
                begun = rest
            elif kind == "answer":
                what, _, sha256, began = begun
                answer, image_id, ended = rest
                ledger.note(Call(float(began), float(ended), what, answer), image_id, sha256)
                ledger.count[f"{what} {answer}"] += 1
                begun = []
            else:
                ledger.count[kind] += 1
            if kind in ("error", "fault"):
                ledger.count[f"{kind} {rest[0][:80]}"] += 1
                ledger.faults += rest[1:]
    _end(begun, ledger)


def _end(begun: list[str], ledger: Ledger) -> None:
    """Note a call that got no answer, if there is one."""
    if begun:
        what, image_id, sha256, began = begun
        ledger.note(Call(float(began), CUT_OFF, what), image_id, sha256)
        ledger.count[f"{what} cut off"] += 1


def _judge(machines: list[Store], ledger: Ledger) -> None:
    check(machines, killed=True)
    there = {image_id: machines[1].get(image_id).sha256 for image_id in machines[1].ids()}
    trashed = {image_id: machines[2].trashed(image_id).record.sha256 for image_id in machines[2].trashed_ids()}
    found = there | trashed
    wrong = {i for i in ledger.hashes.keys() & found.keys() if found[i] != ledger.hashes[i]}
    assert not wrong, f"other bytes than were accepted: {sorted(wrong)}"
    for image_id in sorted(ledger.calls):
        state = THERE if image_id in there else TRASHED if image_id in trashed else ABSENT
        ends = ledger.ends(image_id)
        assert state in ends, f"{image_id} is {state}, not {sorted(ends)}: {sorted(ledger.calls[image_id])}"
    assert not ledger.count["fault"], "\n".join(["an error of the system came through", *ledger.faults])
