"""People using the gallery, without a break: they upload pictures and look at pages, each request on a connection of
its own, and remember every picture that was accepted."""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from PIL import Image


@dataclass
class Load:
    """Uploads and looks from `people` threads, each pausing `pause` seconds after a request."""

    url: str
    people: int = 4
    pause: float = 0.25
    accepted: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of each accepted picture, by id."""
    failed: list[str] = field(default_factory=list)
    """What went wrong, a line for each request that was not answered as it should."""
    requests: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._person, daemon=True) for _ in range(self.people)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(90)

    def burst(self, count: int, size: tuple[int, int]) -> None:
        """Upload `count` pictures as fast as one person can."""
        self.send(picture(size) for _ in range(count))

    def send(self, pictures: Iterable[bytes]) -> None:
        """Upload these pictures, one after the other."""
        for data in pictures:
            self._upload(data)

    def _person(self) -> None:
        while not self._stopped.is_set():
            self._upload(picture((640, 400)))
            self._stopped.wait(self.pause)
            self._ask("GET", "/api/images?limit=5", None)
            self._stopped.wait(self.pause)

    def _upload(self, data: bytes) -> None:
        while not (answer := self._ask("POST", "/api/images", data)):
            if self._stopped.wait(0.5):
                return
        record = json.loads(answer)
        with self._lock:
            self.accepted[record["id"]] = hashlib.sha256(data).hexdigest()

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        """The answer's body, or nothing where the request failed."""
        began = time.monotonic()
        with self._lock:
            self.requests += 1
        try:
            return fetch(self.url + path, method, body)
        except (OSError, HTTPException) as error:
            detail = f" {error.read()[:200]!r}" if isinstance(error, urllib.error.HTTPError) else ""
            line = (
                f"{time.strftime('%H:%M:%S')} {method} {path}: {error!r}{detail} after {time.monotonic() - began:.1f} s"
            )
            with self._lock:
                self.failed.append(line)
            return b""

    def lost(self, seconds: float) -> list[str]:
        """Accepted pictures that are not ready and whole within `seconds`, with what is wrong; best none."""
        end = time.monotonic() + seconds
        wrong: list[str] = []
        for image_id, digest in self.accepted.items():
            while (fault := self._fault(image_id, digest)) and time.monotonic() < end:
                time.sleep(0.5)
            if fault:
                wrong.append(f"{image_id}: {fault}")
        return wrong

    def _fault(self, image_id: str, digest: str) -> str:
        try:
            record: dict[str, Any] = json.loads(fetch(f"{self.url}/api/images/{image_id}"))
            if record["state"] != "ready":
                return f"{record['state']} {record['reason']}"
            if hashlib.sha256(fetch(f"{self.url}/images/{image_id}/original")).hexdigest() != digest:
                return "the original is not what was uploaded"
            for name in ("grid", "view"):
                Image.open(io.BytesIO(fetch(f"{self.url}/images/{image_id}/{name}.webp"))).load()
        except (OSError, HTTPException) as error:
            return repr(error)
        return ""


def fetch(url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    """The body of a successful answer; raises `HTTPError` for any other, `OSError` for none."""
    request = urllib.request.Request(url, body, {"Connection": "close", **(headers or {})}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        data: bytes = answer.read()
        return data


def picture(size: tuple[int, int]) -> bytes:
    """A JPEG that was never uploaded before."""
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize(size)
    turned = [image.point([(value + start) % 256 for value in range(256)]) for start in secrets.token_bytes(3)]
    Image.merge("RGB", turned).save(out, "JPEG", quality=85, comment=secrets.token_bytes(8))
    return out.getvalue()
