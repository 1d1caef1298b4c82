"""The short form of `make chaos`: one round of accidents under load, on a volume that can be filled."""

from __future__ import annotations

import random
import secrets
from pathlib import Path

from tests.chaos import VOLUME, play
from tests.product import mounted, prepared


def test_accepted_means_kept_through_any_accidents(tmp_path: Path) -> None:
    seed = secrets.randbelow(2**32)
    print(f"seed {seed}")
    data = tmp_path / "data"
    with mounted(data, VOLUME), prepared(data, GALLERY_RESERVE_MB="8") as gallery:
        gallery.log = tmp_path / "log"
        gallery.start_all()
        ledger, _ = play(gallery, random.Random(seed), accidents=12)
    assert ledger.accepted
