"""One round: accidents under load, then quiet, then every promise is checked."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageColor

from cli.doctor import examine
from pipeline.settings import Settings
from pipeline.store import Store
from tests.chaos.accidents import Accidents
from tests.chaos.clients import Client, Habits, Ledger, shared_pictures
from tests.chaos.history import ABSENT, THERE, TRASHED
from tests.product import Gallery, answers, free_port, until

CLIENTS = 4
VOLUME = "size=192m"
_QUIET_SECONDS = 240


def play(gallery: Gallery, chance: random.Random, accidents: int) -> tuple[Ledger, Counter[str]]:
    """Play this many accidents while clients use two web processes. Raises `AssertionError`."""
    webs = second_web(gallery)
    happening = Accidents(gallery, webs, chance)
    with clients(webs, chance, Habits()) as ledger:
        for _ in range(accidents):
            time.sleep(chance.uniform(0.2, 2))
            happening.happen()
    # on so small a volume the images that wait may need the room of the trash at any moment, not only when it is filled
    judge(gallery, ledger, expires=True)
    return ledger, happening.count


def second_web(gallery: Gallery) -> dict[str, int]:
    """Start another web process on the same volume; the names and ports of both."""
    port = free_port()
    gallery.start("web.2", "web", GALLERY_PORT=str(port))
    until(lambda: answers(port), 60)
    return {"web": gallery.port, "web.2": port}


@contextmanager
def clients(webs: dict[str, int], chance: random.Random, habits: Habits) -> Iterator[Ledger]:
    """Clients use these web processes until the context ends."""
    ledger, stopped, shared = Ledger(), threading.Event(), shared_pictures()
    threads = [
        Client(sorted(webs.values()), ledger, chance.getrandbits(32), stopped, shared, habits) for _ in range(CLIENTS)
    ]
    for client in threads:
        client.start()
    try:
        yield ledger
    finally:
        stopped.set()
        for client in threads:
            client.join(60)


def judge(gallery: Gallery, ledger: Ledger, *, expires: bool = False) -> None:
    """Wait until all is done, and check every promise; raises `AssertionError`.

    `expires` says that the trash may have been emptied to make room.
    """
    until(lambda: gallery.call("GET", "/readyz").status == 200, 60)
    until(lambda: not os.listdir(gallery.data / "pending"), _QUIET_SECONDS)
    gallery.call("POST", "/api/retry-failed")
    until(lambda: not os.listdir(gallery.data / "pending"), _QUIET_SECONDS)
    check(gallery, ledger, expires=expires)


def check(gallery: Gallery, ledger: Ledger, *, expires: bool) -> None:
    """No answer was wrong; accepted = ready + failed with a reason, or in the trash; whole pictures are ready; nothing
    is there twice; the doctor finds nothing."""
    assert not ledger.wrong, ledger.wrong
    store = Store(Settings.from_environment(gallery.environ))
    records = {record.id: record for record in store.page(limit=1_000_000).records}
    trashed = set(store.trashed_ids())
    for image_id, possible in ledger.states(expires=expires).items():
        calls = sorted([*ledger.calls[image_id], *ledger.unnamed[ledger.accepted[image_id]]])
        assert possible, f"no order of the calls explains the answers about {image_id}: {calls}"
        found = THERE if image_id in records else TRASHED if image_id in trashed else ABSENT
        assert found in possible, f"{image_id} is {found} and should be {possible}: {calls}"
    assert not trashed & records.keys(), "in the gallery and in the trash"
    kept = {image_id: color for image_id, color in ledger.accepted.items() if image_id in records}
    for image_id, color in kept.items():
        record = records[image_id]
        assert record.state == ("ready" if color else "failed"), (image_id, record.state, record.reason)
        if not color:
            assert record.reason is not None
            continue
        assert sorted(record.renditions) == ["grid", "view"], f"{image_id} is ready without {record.renditions}"
        for name in record.renditions:
            assert looks(store.layout.rendition(image_id, name), color), f"{name} of {image_id} shows another picture"
    assert len({record.sha256 for record in records.values()}) == len(records), "two images hold the same bytes"
    # what a crash left behind is the sweep's to tidy, a minute later at the latest
    end = time.monotonic() + 120
    while violations := examine(store):
        assert time.monotonic() < end, [
            (violation.code, violation.where, violation.sentence) for violation in violations
        ]
        time.sleep(5)


def looks(rendition: Path, color: str) -> bool:
    """Whether a rendition is all of this colour, give or take what a lossy codec makes of it."""
    with Image.open(rendition) as made:
        low_high: Any = made.convert("RGB").getextrema()
    wanted = ImageColor.getrgb(color)[:3]
    return all(abs(value - want) < 16 for ends, want in zip(low_high, wanted, strict=True) for value in ends)
