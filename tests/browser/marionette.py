"""Headless Firefox, driven by its own Marionette protocol: Debian's build needs no driver beside it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.product import free_port

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
_SECONDS = 60
_WINDOW = {"MOZ_HEADLESS_WIDTH": "1280", "MOZ_HEADLESS_HEIGHT": "800"}


class Firefox:
    """One window."""

    def __init__(self, profile: Path) -> None:
        assert FIREFOX
        port = free_port()
        (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
        self._process = subprocess.Popen(
            [FIREFOX, "--headless", "--marionette", "--no-remote", "--profile", profile],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={
                "HOME": str(profile),
                "MOZ_HEADLESS_WIDTH": "1280",
                "MOZ_HEADLESS_HEIGHT": "800",
                "PATH": "/usr/bin:/bin",
            },
        )
        self._socket = self._connected(port)
        self._number, self._rest = 0, b""
        self._packet()
        self._ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})

    def open(self, url: str) -> None:
        """Load a page."""
        self._ask("WebDriver:Navigate", {"url": url})

    def run(self, script: str, *args: Any) -> Any:
        """What a script returns, or a promise that it returns resolves to."""
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": list(args)})["value"]

    def until(self, script: str, *args: Any) -> Any:
        """What a script returns once that is true."""
        end = time.monotonic() + _SECONDS
        while not (found := self.run(script, *args)):
            assert time.monotonic() < end, script
            time.sleep(0.1)
        return found

    def stop(self) -> None:
        """End the browser."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(_SECONDS)

    def _connected(self, port: int) -> socket.socket:
        end = time.monotonic() + _SECONDS
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), _SECONDS)
            except OSError:
                assert time.monotonic() < end
                assert self._process.poll() is None
                time.sleep(0.2)

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        packet = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(packet), packet))
        _, number, error, result = self._packet()
        assert (number, error) == (self._number, None), error
        return result

    def _packet(self) -> Any:
        while b":" not in self._rest:
            self._rest += self._received()
        length, _, self._rest = self._rest.partition(b":")
        while len(self._rest) < int(length):
            self._rest += self._received()
        packet, self._rest = self._rest[: int(length)], self._rest[int(length) :]
        return json.loads(packet)

    def _received(self) -> bytes:
        data = self._socket.recv(1 << 16)
        assert data, "firefox has gone"
        return data
