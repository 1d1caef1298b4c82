"""Somebody else who uses the gallery during an attack, in a process of their own, and how long each answer takes."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, cast

from tests.pictures import picture
from tests.product import ROOT

ADDRESS = "127.0.0.99"
_PAUSE = 0.1
_PATIENCE = 90.0


@dataclass
class Bystander:
    """Asks for `/healthz` and a listing and uploads, over new connections, for as long as it is entered.

    `slowest` then holds the longest time of each in seconds, `failures` what was not answered as it should be.
    """

    port: int
    headers: dict[str, str]
    slowest: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> Bystander:
        command = [sys.executable, "-m", __name__, str(self.port), json.dumps(self.headers)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cast(IO[bytes], self._process.stdout).readline()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        said, _ = self._process.communicate()
        self.slowest, self.failures = json.loads(said)


class _Caller(threading.Thread):
    """Makes one call again and again."""

    def __init__(self, port: int, headers: dict[str, str], method: str, path: str, expected: int) -> None:
        super().__init__(daemon=True)
        self._to = ("127.0.0.1", port)
        self._headers = headers
        self._method, self._path, self._expected = method, path, expected
        self.ended = threading.Event()
        self.slowest = 0.0
        self.failures: list[str] = []

    def run(self) -> None:
        while not self.ended.wait(_PAUSE):
            body = picture(size=(32, 32)) if self._method == "POST" else None
            began = time.monotonic()
            try:
                status = self._call(body)
                if status != self._expected:
                    self.failures.append(f"{self._path}: {status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{self._path}: {error!r}")
            self.slowest = max(self.slowest, time.monotonic() - began)

    def _call(self, body: bytes | None) -> int:
        connection = http.client.HTTPConnection(*self._to, timeout=_PATIENCE, source_address=(ADDRESS, 0))
        try:
            connection.request(self._method, self._path, body, self._headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


def main(port: int, headers: dict[str, str]) -> None:
    """Call until standard input ends, then print what came of it."""
    callers = {
        "healthz": _Caller(port, headers, "GET", "/healthz", 200),
        "listing": _Caller(port, headers, "GET", "/api/images?limit=5", 200),
        "upload": _Caller(port, headers, "POST", "/api/images?name=bystander.png", 201),
    }
    for caller in callers.values():
        caller.start()
    print("calling", flush=True)
    sys.stdin.read()
    for caller in callers.values():
        caller.ended.set()
    for caller in callers.values():
        caller.join()
    failures = [failure for caller in callers.values() for failure in caller.failures]
    print(json.dumps([{name: caller.slowest for name, caller in callers.items()}, failures]))


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
