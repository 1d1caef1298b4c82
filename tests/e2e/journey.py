"""One run of the gallery on a cluster, from its creation to its removal, and what all tests of it count together."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e import cluster
from tests.e2e.load import Load, fetch
from tests.product import until

URL = os.environ.get("GALLERY_E2E_URL", "http://127.0.0.1:30080")


class Journey:
    """What all tests of one run count together."""

    def __init__(self) -> None:
        self.figures = {
            "requests": 0, "uploads accepted": 0, "pods deleted": 0, "rollouts": 0,
            "requests failed": 0, "requests failed where processes were killed": 0, "images lost": 0,
        }  # fmt: skip
        self.meter = cluster.Meter()

    def count(self, load: Load, *, killed: bool = False) -> None:
        """Add a load's figures, and see that nothing was lost and, unless processes were killed, nothing failed."""
        lost = load.lost(400)
        self.figures["requests"] += load.requests
        self.figures["uploads accepted"] += len(load.accepted)
        self.figures["requests failed where processes were killed" if killed else "requests failed"] += len(load.failed)
        self.figures["images lost"] += len(lost)
        assert not lost
        assert killed or not load.failed, load.failed[:5]


@contextmanager
def on_cluster() -> Iterator[Journey]:
    """The gallery on the cluster; at the end its figures are printed, and it is removed."""
    cluster.create()
    journey = Journey()
    journey.meter.start()
    try:
        until(lambda: fetch(f"{URL}/readyz"), 60)
        yield journey
    finally:
        journey.meter.stop()
        print(f"\n{json.dumps(journey.figures)}")
        for name, used in sorted(journey.meter.memory.items()):
            print(f"{name}: at most {used / 2**20:.0f} MiB, {journey.meter.cores.get(name, 0):.2f} cores")
        cluster.remove()
