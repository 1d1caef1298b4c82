"""The wires to Firefox and WebKit: the first speaks over its own port for that (Marionette), the second over HTTP."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol


class Protocols(Protocol):
    """How commands of WebDriver reach a browser."""

    def command(self, name: str, method: str, path: str, **parameters: Any) -> Any: ...

    def close(self) -> None: ...


class Marionette:
    """Firefox' own wire: messages of JSON, each behind its length."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._stream = self._socket.makefile("rb")
        self._number = 0
        self._read()
        self.command("NewSession", "POST", "")

    def command(self, name: str, method: str, path: str, **parameters: Any) -> Any:
        self._number += 1
        message = json.dumps([0, self._number, f"WebDriver:{name}", parameters]).encode()
        self._socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._read()
        if error is not None:
            raise AssertionError(f"{error['error']}: {error['message']}")
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _read(self) -> Any:
        digits = b""
        while (byte := self._stream.read(1)) != b":":
            assert byte, "Firefox has gone"
            digits += byte
        return json.loads(self._stream.read(int(digits)))


class Http:
    """WebDriver as the W3C describes it."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/session"
        always = {
            "browserName": "MiniBrowser",
            "webkitgtk:browserOptions": {"binary": minibrowser(), "args": ["--automation"]},
        }
        opened = self.command("", "POST", "", capabilities={"alwaysMatch": always})
        self._url += f"/{opened['sessionId']}"

    def command(self, name: str, method: str, path: str, **parameters: Any) -> Any:
        body = None if method == "GET" else json.dumps(parameters).encode()
        request = urllib.request.Request(self._url + path, body, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return json.loads(answer.read())["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(error.read().decode()) from error

    def close(self) -> None:
        """Every command has a connection of its own."""


def minibrowser() -> str | None:
    """WebKitGTK's small browser, which its driver drives."""
    found = sorted(Path("/usr/lib").glob("*/webkit*gtk-4*/MiniBrowser"))
    return str(found[-1]) if found else None
