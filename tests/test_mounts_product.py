"""The whole product, each of its processes with a mount of its own of one volume: see `tests/mounts`."""

from __future__ import annotations

import random
import secrets
import signal
import time
from dataclasses import fields
from pathlib import Path

import pytest

from cli.doctor import examine
from pipeline.settings import Settings
from pipeline.store import Store
from tests.chaos.clients import Habits, Ledger
from tests.chaos.rounds import clients, judge
from tests.mounts import MOUNTS, TURNS
from tests.product import Gallery, answers, free_port, prepared, until

pytestmark = pytest.mark.skipif(len(MOUNTS) < 4, reason="GALLERY_TEST_MOUNTS does not name four mounts of one volume")

_PLACES = {"web": 0, "web.2": 1, "worker.1": 2, "worker.2": 3}
_STARTING_SECONDS = 600


class Spread(Gallery):
    """The running product, each process with the volume on the mount that `_PLACES` says."""

    def start(self, name: str, module: str, *arguments: str, **environ: str) -> None:
        if name in _PLACES:
            environ["GALLERY_DATA"] = str(Path(MOUNTS[_PLACES[name]]) / self.data.name)
        super().start(name, module, *arguments, **environ)


def test_two_webs_and_two_workers_on_mounts_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(seed := secrets.randbelow(1_000_000))
    name = f"product-{secrets.token_hex(4)}"
    with prepared(Path(MOUNTS[3]) / name, GALLERY_JOB_TIMEOUT="300") as plain:
        gallery = Spread(**{known.name: getattr(plain, known.name) for known in fields(plain)})
        gallery.log = tmp_path / "log"
        gallery.start("redis", "launcher.redis", GALLERY_DATA=str(tmp_path / "redis"))
        until(lambda: answers(gallery.redis_port), _STARTING_SECONDS)
        webs = {"web": gallery.port, "web.2": free_port()}
        for process in _PLACES:
            _start(gallery, webs, process)
        with clients(webs, chance, Habits(deletes=0.2, shared=0.3, pause=1)) as ledger:
            happened = [_accident(gallery, webs, chance) for _ in range(4 * TURNS)]
        with capsys.disabled():
            print(f"seed {seed}: {happened}, {dict(sorted(ledger.answers.items()))}")
        _forget_late_reads(ledger)
        judge(gallery, ledger)
        for mount in MOUNTS:
            assert examine(Store(Settings.from_environment({"GALLERY_DATA": str(Path(mount) / name)}))) == []


def _start(gallery: Gallery, webs: dict[str, int], name: str) -> None:
    if name not in webs:
        gallery.start(name, "worker")
        return
    gallery.start(name, "web", GALLERY_PORT=str(webs[name]))
    until(lambda: answers(webs[name]), _STARTING_SECONDS)


def _accident(gallery: Gallery, webs: dict[str, int], chance: random.Random) -> tuple[str, str]:
    """End a process by chance, start it again, and retry what has failed."""
    time.sleep(chance.uniform(2, 15))
    name, how = chance.choice(sorted(_PLACES)), chance.choice((signal.SIGKILL, signal.SIGTERM))
    gallery.stop(name, how)
    _start(gallery, webs, name)
    until(lambda: gallery.call("POST", "/api/retry-failed").status == 202, _STARTING_SECONDS)
    return name, how.name


def _forget_late_reads(ledger: Ledger) -> None:
    """For up to a minute a machine may show what another has deleted."""
    for calls in ledger.calls.values():
        calls[:] = [call for call in calls if (call.what, call.answer) != ("read", "done")]
