"""Clients that upload and delete through two web processes, and note every answer, and every answer that was wrong."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.pictures import picture, undecodable


class Sample(NamedTuple):
    """A picture of one colour; the colour is empty if the bytes cannot be decoded."""

    data: bytes
    color: str


@dataclass
class Ledger:
    """What the clients were answered.

    `accepted` maps ids to colours, `deleted` to the moment of the answer; `removing` has every id that a delete was
    sent for, whatever came back; `wrong` has the answers that no order of the calls explains.
    """

    accepted: dict[str, str] = field(default_factory=dict)
    deleted: dict[str, float] = field(default_factory=dict)
    removing: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note_upload(self, status: int | str, body: Any, color: str, began: float) -> None:
        """Note the answer to an upload that began at this moment of `time.monotonic`."""
        with self.lock:
            self.answers[f"upload {status}"] += 1
            if status not in (200, 201):
                return
            image_id = body["id"]
            if began > self.deleted.get(image_id, began):
                self.wrong.append(f"an upload was answered with {image_id}, which had been deleted before")
            if self.accepted.setdefault(image_id, color) != color:
                self.wrong.append(f"an upload was answered with {image_id}, which is another picture")

    def note_delete(self, image_id: str, status: int | str) -> None:
        """Note the answer to the only delete of an image."""
        with self.lock:
            self.answers[f"delete {status}"] += 1
            if status == 204:
                self.deleted[image_id] = time.monotonic()
            elif status == 404:
                self.wrong.append(f"{image_id} was accepted, and not found by the first who deleted it")

    def note_read(self, image_id: str, status: int | str) -> None:
        """Note the answer to reading an image that had been accepted."""
        with self.lock:
            self.answers[f"read {status}"] += 1
            if status == 404 and image_id not in self.removing:
                self.wrong.append(f"{image_id} was accepted, and not found by another web process")

    def choose(self, chance: random.Random, among: Collection[str] = ()) -> str | None:
        """An accepted image that nobody deletes yet, to be deleted; one of these colours if any are given."""
        with self.lock:
            ids = sorted(
                i for i, color in self.accepted.items() if i not in self.removing and (not among or color in among)
            )
            if not ids:
                return None
            image_id = chance.choice(ids)
            self.removing.add(image_id)
            return image_id


@dataclass(frozen=True)
class Habits:
    """How often a client deletes, and how often it uploads one of the pictures that all clients share."""

    deletes: float = 0.08
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
            if self._random.random() < self._habits.deletes:
                self._delete()
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
        status, _ = self._call("GET", f"/api/images/{image_id}", None)
        self._ledger.note_read(image_id, status)

    def _delete(self) -> None:
        among = self._shared.keys() if self._random.random() < 0.5 else ()
        if image_id := self._ledger.choose(self._random, among):
            status, _ = self._call("DELETE", f"/api/images/{image_id}", None)
            self._ledger.note_delete(image_id, status)

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
