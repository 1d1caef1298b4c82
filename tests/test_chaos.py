"""The short form of `make chaos`: one round of accidents under load, on a volume that can be filled."""

from __future__ import annotations

import random
import secrets
import time
from pathlib import Path

from tests.chaos.clients import Habits
from tests.chaos.rounds import VOLUME, clients, judge, play, second_web
from tests.product import mounted, prepared, until

ANSWERS = ("upload 200", "upload 201", "delete 204", "restore 200", "restored by an upload")


def test_accepted_means_kept_through_any_accidents(tmp_path: Path) -> None:
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    data = tmp_path / "data"
    with mounted(data, VOLUME), prepared(data, GALLERY_RESERVE_MB="8") as gallery:
        gallery.log = tmp_path / "log"
        gallery.start_all()
        ledger, _ = play(gallery, random.Random(seed), accidents=12)
    assert ledger.accepted


def test_two_web_processes_that_accept_and_delete_the_same_bytes_never_contradict_each_other(tmp_path: Path) -> None:
    with prepared(tmp_path / "data") as gallery:
        gallery.log = tmp_path / "log"
        gallery.start_all()
        webs = second_web(gallery)
        with clients(webs, random.Random(), Habits(deletes=0.3, restores=0.15, shared=0.9, pause=0.01)) as ledger:
            time.sleep(10)
            until(lambda: all(ledger.answers[answer] for answer in ANSWERS), 60)
        judge(gallery, ledger)
        assert {name for name in ledger.answers if name.startswith("upload")} == {"upload 200", "upload 201"}
