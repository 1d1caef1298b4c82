"""Somebody else who uses the gallery during an attack, and how long each answer takes."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from tests.pictures import picture
from tests.product import Gallery

ADDRESS = "127.0.0.99"
_PAUSE = 0.1
_PATIENCE = 60.0


@dataclass
class Bystander:
    """Calls `/healthz`, a listing and an upload, each by a thread and over new connections, until it is left.

    `slowest` holds the longest time of each, in seconds; `failures` what was not answered as it should be.
    """

    gallery: Gallery
    headers: dict[str, str] = field(default_factory=dict)
    slowest: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    uploaded: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        calls: dict[str, Callable[[], tuple[int, int]]] = {
            "healthz": lambda: (200, self._call("GET", "/healthz")),
            "listing": lambda: (200, self._call("GET", "/api/images?limit=5")),
            "upload": lambda: (201, self._call("POST", "/api/images?name=bystander.png", picture(size=(32, 32)))),
        }
        self._threads = [threading.Thread(target=self._repeat, args=each) for each in calls.items()]

    def __enter__(self) -> Bystander:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, name: str, call: Callable[[], tuple[int, int]]) -> None:
        while not self._ended.wait(_PAUSE):
            began = time.monotonic()
            try:
                expected, status = call()
                if status != expected:
                    self.failures.append(f"{name}: {status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{name}: {error!r}")
            self.slowest[name] = max(self.slowest.get(name, 0.0), time.monotonic() - began)

    def _call(self, method: str, path: str, body: bytes | None = None) -> int:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.gallery.port, timeout=_PATIENCE, source_address=(ADDRESS, 0)
        )
        try:
            connection.request(method, path, body, self.headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()
