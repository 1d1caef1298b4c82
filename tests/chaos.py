"""`python -m tests.chaos`: clients upload while processes are killed, stopped and continued, Redis is flushed and the
volume filled, all by chance; after each round everything that was accepted must be there, whole.

The seed is printed: it gives the same accidents in the same order (their moments are the machine's).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageColor
from redis import Redis

from cli.doctor import examine
from pipeline.settings import Settings
from pipeline.store import Store
from tests.pictures import picture, undecodable
from tests.product import Gallery, answers, mounted, prepared, renderers, until

CLIENTS, WORKERS = 4, 2
QUIET_SECONDS = 240
VOLUME = "size=192m"


@dataclass
class Ledger:
    """What the clients were told: the ids that were accepted, and their colour ("": the bytes were broken)."""

    accepted: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """Uploads pictures, some broken, some twice, and deletes some, until told to stop."""

    def __init__(self, gallery: Gallery, ledger: Ledger, seed: int, stopped: threading.Event) -> None:
        super().__init__(daemon=True)
        self._gallery, self._ledger, self._stopped = gallery, ledger, stopped
        self._random = random.Random(seed)
        self._last = b"", ""

    def run(self) -> None:
        while not self._stopped.wait(self._random.uniform(0, 0.15)):
            if self._random.random() < 0.08:
                self._delete()
            else:
                self._upload()

    def _upload(self) -> None:
        again = bool(self._last[0]) and self._random.random() < 0.05
        whole = again or self._random.random() > 0.1
        color = f"#{self._random.getrandbits(24):06x}" if whole else ""
        if again:
            data, color = self._last
        else:
            side = self._random.choice((80, 300, 900, 1800))
            kind = self._random.choice(("JPEG", "PNG", "GIF", "WEBP"))
            data = picture(kind, (side, side), color) if whole else undecodable()
        status, body = self._call("POST", "/api/images?name=chaos", data)
        with self._ledger.lock:
            self._ledger.answers[f"upload {status}"] += 1
            if status in (200, 201):
                self._ledger.accepted.setdefault(body["id"], color)
        if status == 201 and whole and not again:
            self._last = data, color
        elif status not in (200, 201):
            time.sleep(0.2)

    def _delete(self) -> None:
        with self._ledger.lock:
            ids = sorted(self._ledger.accepted.keys() - self._ledger.deleted - self._ledger.unsure)
        if not ids:
            return
        image_id = self._random.choice(ids)
        with self._ledger.lock:
            self._ledger.unsure.add(image_id)
        status, _ = self._call("DELETE", f"/api/images/{image_id}", None)
        with self._ledger.lock:
            self._ledger.answers[f"delete {status}"] += 1
            if status == 204:
                self._ledger.deleted.add(image_id)

    def _call(self, method: str, path: str, body: bytes | None) -> tuple[int | str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._gallery.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data else None
        except (OSError, http.client.HTTPException, ValueError):
            return "cut off", None
        finally:
            connection.close()


class Accidents:
    """Everything that may happen, each with its undoing."""

    def __init__(self, gallery: Gallery, chance: random.Random) -> None:
        self._gallery, self._random = gallery, chance
        self.count: Counter[str] = Counter()
        self._kinds: list[Callable[[], None]] = [
            self.worker_killed, self.worker_killed, self.renderer_killed, self.worker_told_to_stop,
            self.worker_frozen, self.web_killed, self.web_restarted, self.web_reloaded, self.web_frozen,
            self.redis_killed, self.redis_frozen, self.redis_flushed, self.volume_filled,
        ]  # fmt: skip

    def happen(self) -> None:
        kind = self._random.choice(self._kinds)
        self.count[kind.__name__] += 1
        kind()

    def _pause(self, most: float) -> None:
        time.sleep(self._random.uniform(0.1, most))

    def _worker(self) -> str:
        return f"worker.{self._random.randint(1, WORKERS)}"

    def _restart(self, name: str, module: str, how: signal.Signals) -> None:
        self._gallery.stop(name, how)
        self._pause(2)
        self._gallery.start(name, module)

    def _freeze(self, name: str) -> None:
        group = self._gallery.processes[name].pid
        os.killpg(group, signal.SIGSTOP)
        self._pause(4)
        os.killpg(group, signal.SIGCONT)

    def worker_killed(self) -> None:
        self._restart(self._worker(), "worker", signal.SIGKILL)

    def worker_told_to_stop(self) -> None:
        self._restart(self._worker(), "worker", signal.SIGTERM)

    def worker_frozen(self) -> None:
        self._freeze(self._worker())

    def renderer_killed(self) -> None:
        for pid in renderers(self._gallery, self._worker()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def web_killed(self) -> None:
        self._restart("web", "web", signal.SIGKILL)

    def web_restarted(self) -> None:
        self._restart("web", "web", signal.SIGTERM)

    def web_reloaded(self) -> None:
        until(lambda: answers(self._gallery.port), 60)  # this signal ends a process that is not up yet
        self._gallery.processes["web"].send_signal(signal.SIGHUP)

    def web_frozen(self) -> None:
        self._freeze("web")

    def redis_killed(self) -> None:
        self._restart("redis", "launcher.redis", signal.SIGKILL)

    def redis_frozen(self) -> None:
        self._freeze("redis")

    def redis_flushed(self) -> None:
        with suppress(Exception), Redis.from_url(self._gallery.environ["REDIS_URL"], socket_timeout=5) as redis:
            redis.flushall()

    def volume_filled(self) -> None:
        """Fill a mounted volume to the last byte; otherwise let web believe that the reserve is all that is left."""
        if not os.path.ismount(self._gallery.data):
            self._gallery.stop("web", signal.SIGTERM)
            self._gallery.start("web", "web", GALLERY_RESERVE_MB=str(1024 * 1024))
            self._pause(3)
            self._restart("web", "web", signal.SIGTERM)
            return
        filler = self._gallery.data / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(1024 * 1024))
        self._pause(4)
        filler.unlink(missing_ok=True)


def play(gallery: Gallery, chance: random.Random, accidents: int) -> tuple[Ledger, Counter[str]]:
    """One round: accidents under load, then quiet, then every promise is checked. Raises `AssertionError`."""
    ledger, stopped, happening = Ledger(), threading.Event(), Accidents(gallery, chance)
    clients = [Client(gallery, ledger, chance.getrandbits(32), stopped) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(accidents):
        time.sleep(chance.uniform(0.2, 2))
        happening.happen()
    stopped.set()
    for client in clients:
        client.join(60)
    until(lambda: gallery.call("GET", "/readyz").status == 200, 60)
    until(lambda: not os.listdir(gallery.data / "pending"), QUIET_SECONDS)
    gallery.call("POST", "/api/retry-failed")
    until(lambda: not os.listdir(gallery.data / "pending"), QUIET_SECONDS)
    check(gallery, ledger)
    return ledger, happening.count


def check(gallery: Gallery, ledger: Ledger) -> None:
    """Accepted = ready + failed with a reason; whole pictures are ready; nothing twice; the doctor finds nothing."""
    store = Store(Settings.from_environment(gallery.environ))
    records = {record.id: record for record in store.page(limit=1_000_000).records}
    kept = {image_id: color for image_id, color in ledger.accepted.items() if image_id not in ledger.unsure}
    missing = kept.keys() - records.keys()
    assert not missing, f"accepted and lost: {sorted(missing)}"
    assert not ledger.deleted & records.keys(), "deleted and still there"
    for image_id, color in kept.items():
        record = records[image_id]
        assert record.state == ("ready" if color else "failed"), (image_id, record.state, record.reason)
        if not color:
            assert record.reason is not None
            continue
        for name in record.renditions:
            assert looks(store.layout.rendition(image_id, name), color), f"{name} of {image_id} shows another picture"
    assert len({record.sha256 for record in records.values()}) == len(records), "an image stands twice"
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


def main() -> int:
    """Rounds until the time is up; one line for each."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--accidents", type=int, default=25, help="accidents in a round")
    parser.add_argument("--log", default="/dev/null", help="where the processes' logs go")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    end, rounds = time.monotonic() + options.minutes * 60, 0
    answers: Counter[str] = Counter()
    accidents: Counter[str] = Counter()
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder, mounted(Path(folder) / "data", VOLUME):
            with prepared(Path(folder) / "data", GALLERY_RESERVE_MB="8") as gallery:
                gallery.log = Path(options.log)
                gallery.start_all()
                ledger, happened = play(gallery, chance, options.accidents)
            rounds += 1
            answers += ledger.answers
            accidents += happened
            print(
                f"round {rounds}: {sum(happened.values())} accidents, {dict(sorted(ledger.answers.items()))}",
                flush=True,
            )
    print(f"rounds {rounds}, accidents {sum(accidents.values())}: {dict(sorted(accidents.items()))}")
    print(f"answers {dict(sorted(answers.items()))}")
    print("accepted = ready + failed with a reason; the doctor found nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
