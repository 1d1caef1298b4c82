"""Clients that upload and delete through two web processes, and note every answer, and every answer that was wrong."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.chaos.history import CUT_OFF, Call, History
from tests.pictures import picture, undecodable


class Sample(NamedTuple):
    """A picture of one colour; the colour is empty if the bytes cannot be decoded."""

    data: bytes
    color: str


@dataclass
class Ledger:
    """What the clients were answered.

    `accepted` maps ids to colours, `calls` ids to the calls that named them; `unnamed` has by colour the uploads whose
    answer, and so whose id, is not known. `gone` has the ids of which a delete was sent and nothing heard since.
    """

    accepted: dict[str, str] = field(default_factory=dict)
    calls: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    unnamed: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    gone: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note_upload(self, status: int | str, body: Any, color: str, began: float) -> None:
        """Note the answer to an upload that began at this moment of `time.monotonic`."""
        with self.lock:
            self.answers[f"upload {status}"] += 1
            if status not in (200, 201):
                if color:
                    self.unnamed[color].append(Call(began, CUT_OFF, "upload"))
                return
            image_id = body["id"]
            said = "new" if status == 201 else "restored" if body["restored"] else "standing"
            self.answers["restored by an upload"] += said == "restored"
            self.calls[image_id].append(Call(began, time.monotonic(), "upload", said))
            self.gone.discard(image_id)
            if self.accepted.setdefault(image_id, color) != color:
                self.wrong.append(f"an upload was answered with {image_id}, which is another picture")

    def note(self, what: str, image_id: str, status: int | str, began: float) -> None:
        """Note the answer to a delete, a restore or a read."""
        with self.lock:
            self.answers[f"{what} {status}"] += 1
            said = {200: "done", 204: "done", 404: "missing"}.get(status if isinstance(status, int) else 0)
            self.calls[image_id].append(Call(began, time.monotonic() if said else CUT_OFF, what, said or ""))
            if what == "restore" and said == "done":
                self.gone.discard(image_id)

    def choose(self, chance: random.Random, among: Collection[str] = ()) -> str | None:
        """An accepted image that is there, as far as is known, to be deleted; one of these colours if any are given."""
        with self.lock:
            ids = sorted(
                i for i, color in self.accepted.items() if i not in self.gone and (not among or color in among)
            )
            if not ids:
                return None
            image_id = chance.choice(ids)
            self.gone.add(image_id)
            return image_id

    def choose_gone(self, chance: random.Random) -> str | None:
        """An image that was deleted, as far as is known, to be restored."""
        with self.lock:
            return chance.choice(sorted(self.gone)) if self.gone else None

    def states(self, *, expires: bool) -> dict[str, set[str]]:
        """The states that each accepted image can be in; none if no order of the calls explains the answers."""
        return {
            image_id: History([*self.calls[image_id], *self.unnamed[color]], expires).ends()
            for image_id, color in self.accepted.items()
        }


@dataclass(frozen=True)
class Habits:
    """How often a client deletes and restores, and how often it uploads one of the pictures that all clients share."""

    deletes: float = 0.08
    restores: float = 0.03
    shared: float = 0.1
    pause: float = 0.15


class Client(threading.Thread):
    """Uploads pictures, some broken, some twice, some that others upload too, and deletes some, until it is stopped."""

    def __init__(
        self,
        ports: Sequence[int],
        ledger: Ledger,
        seed: int,
        stopped: threading.Event,
        shared: Mapping[str, Sample],
        habits: Habits,
    ) -> None:
        super().__init__(daemon=True)
        self._ports, self._ledger, self._stopped = ports, ledger, stopped
        self._shared, self._habits = shared, habits
        self._random = random.Random(seed)
        self._last: Sample | None = None

    def run(self) -> None:
        while not self._stopped.wait(self._random.uniform(0, self._habits.pause)):
            turn = self._random.random()
            if turn < self._habits.deletes:
                self._delete()
            elif turn < self._habits.deletes + self._habits.restores:
                self._restore()
            else:
                self._upload(self._choose())

    def _choose(self) -> Sample:
        if self._random.random() < self._habits.shared:
            return self._shared[self._random.choice(sorted(self._shared))]
        if self._last and self._random.random() < 0.05:
            return self._last
        if self._random.random() < 0.1:
            return Sample(undecodable(), "")
        color = f"#{self._random.getrandbits(24):06x}"
        side = self._random.choice((80, 300, 900, 1800))
        kind = self._random.choice(("JPEG", "PNG", "GIF", "WEBP"))
        return Sample(picture(kind, (side, side), color), color)

    def _upload(self, sample: Sample) -> None:
        began = time.monotonic()
        status, body = self._call("POST", "/api/images?name=chaos", sample.data)
        self._ledger.note_upload(status, body, sample.color, began)
        if status == 201 and sample.color:
            self._last = sample
        if status in (200, 201):
            if self._random.random() < 0.1:
                self._read(body["id"])
        else:
            time.sleep(0.2)

    def _read(self, image_id: str) -> None:
        self._ask("read", image_id, "GET", "")

    def _delete(self) -> None:
        among = self._shared.keys() if self._random.random() < 0.5 else ()
        if image_id := self._ledger.choose(self._random, among):
            self._ask("delete", image_id, "DELETE", "")

    def _restore(self) -> None:
        if image_id := self._ledger.choose_gone(self._random):
            self._ask("restore", image_id, "POST", "/restore")

    def _ask(self, what: str, image_id: str, method: str, path: str) -> None:
        began = time.monotonic()
        status, _ = self._call(method, f"/api/images/{image_id}{path}", None)
        self._ledger.note(what, image_id, status, began)

    def _call(self, method: str, path: str, body: bytes | None) -> tuple[int | str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._random.choice(self._ports), timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data else None
        except (OSError, http.client.HTTPException, ValueError):
            return "cut off", None
        finally:
            connection.close()


def shared_pictures(number: int = 4) -> dict[str, Sample]:
    """Pictures that all clients upload and delete, by colour."""
    colors = [f"#{40 * (turn + 1):02x}20{200 - 30 * turn:02x}" for turn in range(number)]
    return {color: Sample(picture("PNG", (200, 200), color), color) for color in colors}
