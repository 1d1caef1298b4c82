"""Firefox and WebKit, driven by the W3C's WebDriver: Firefox over its own port for that (Marionette), WebKit over HTTP.

Playwright brings browsers of its own for both, which are neither the ones that people have nor to be had everywhere.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.product import answers, free_port, until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Delete": "\ue017", "Enter": "\ue007", "Escape": "\ue00c", "ArrowRight": "\ue014", "Control": "\ue009"}
_PREFERENCES = """
user_pref("marionette.port", {port});
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
"""


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


class Window:
    """A window of a browser, with the few commands that our tests need."""

    def __init__(self, protocol: Protocols) -> None:
        self._protocol = protocol

    def open(self, url: str) -> None:
        self._protocol.command("Navigate", "POST", "/url", url=url)
        until(lambda: self.run("return document.documentElement.classList.contains('alive')"), 60)
        self.run(
            "window.complaints = []; const note = (text) => complaints.push(String(text));"
            "addEventListener('error', (event) => note(event.message));"
            "addEventListener('unhandledrejection', (event) => note(event.reason));"
            "addEventListener('securitypolicyviolation', (event) => note(event.blockedURI));"
            "for (const name of ['error', 'warn']) console[name] = (...words) => note(words.join(' '));"
        )

    def run(self, script: str, *arguments: Any) -> Any:
        return self._protocol.command("ExecuteScript", "POST", "/execute/sync", script=script, args=list(arguments))

    def count(self, selector: str) -> int:
        found: int = self.run("return document.querySelectorAll(arguments[0]).length", selector)
        return found

    def text(self, selector: str) -> str:
        found: str = self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)
        return found

    def wait(self, selector: str, count: int = 1, seconds: float = 60) -> None:
        until(lambda: self.count(selector) == count, seconds)

    def click(self, selector: str) -> None:
        element = self._find(selector)
        self._protocol.command("ElementClick", "POST", f"/element/{element}/click", **self._of(element))

    def choose(self, selector: str, paths: list[Path]) -> None:
        """Choose files in an input, which has to be in view for WebDriver."""
        self.run("document.querySelector(arguments[0]).hidden = false", selector)
        element = self._find(selector)
        text = "\n".join(map(str, paths))
        self._protocol.command("ElementSendKeys", "POST", f"/element/{element}/value", text=text, **self._of(element))

    def press(self, *keys: str) -> None:
        """Press keys together."""
        codes = [KEYS.get(key, key) for key in keys]
        downs = [{"type": "keyDown", "value": code} for code in codes]
        ups = [{"type": "keyUp", "value": code} for code in reversed(codes)]
        source = {"type": "key", "id": "keyboard", "actions": [*downs, *ups]}
        self._protocol.command("PerformActions", "POST", "/actions", actions=[source])

    def _find(self, selector: str) -> str:
        found = self._protocol.command("FindElement", "POST", "/element", using="css selector", value=selector)
        element: str = found[ELEMENT]
        return element

    def _of(self, element: str) -> dict[str, str]:
        return {"id": element} if isinstance(self._protocol, Marionette) else {}


def minibrowser() -> str | None:
    """WebKitGTK's small browser, which its driver drives."""
    found = sorted(Path("/usr/lib").glob("*/webkit*gtk-4*/MiniBrowser"))
    return str(found[-1]) if found else None


def missing(name: str) -> str | None:
    """Why a browser can't be had here; None if it can."""
    needed = {"firefox": ("firefox-esr",), "webkit": ("WebKitWebDriver", "Xvfb")}[name]
    lacking = [program for program in needed if shutil.which(program) is None]
    if name == "webkit" and minibrowser() is None:
        lacking.append("MiniBrowser")
    return f"not installed: {', '.join(lacking)}" if lacking else None


@contextmanager
def running_or_skipped(name: str) -> Iterator[Window]:
    """As `running`; skips the test where this browser is missing, but not in CI."""
    reason = missing(name)
    if reason and not os.environ.get("CI"):
        pytest.skip(reason)
    with running(name) as window:
        yield window


@contextmanager
def running(name: str) -> Iterator[Window]:
    """A browser without a screen, and its window."""
    with (
        tempfile.TemporaryDirectory(prefix=f"gallery-{name}-", ignore_cleanup_errors=True) as folder,
        _ended() as start,
    ):
        environ = {**os.environ, "HOME": folder}
        port = free_port()
        if name == "firefox":
            Path(folder, "user.js").write_text(_PREFERENCES.format(port=port))
            start(["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", folder], environ)
            until(lambda: answers(port), 60)
            protocol: Protocols = Marionette(port)
        else:
            display = f":{free_port()}"
            start(["Xvfb", display, "-screen", "0", "1280x900x24", "-nolisten", "tcp"], environ)
            until(lambda: Path(f"/tmp/.X11-unix/X{display[1:]}").exists(), 30)
            environ |= {
                "DISPLAY": display,
                "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
                "LIBGL_ALWAYS_SOFTWARE": "1",
            }
            start(["WebKitWebDriver", f"--port={port}"], environ)
            until(lambda: answers(port), 30)
            protocol = Http(port)
        try:
            yield Window(protocol)
        finally:
            protocol.close()


@contextmanager
def _ended() -> Iterator[Any]:
    """What is started in here is ended with all that it started."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(command: list[str], environ: dict[str, str]) -> None:
        quiet = subprocess.DEVNULL
        processes.append(subprocess.Popen(command, env=environ, stdout=quiet, stderr=quiet, start_new_session=True))

    try:
        yield start
    finally:
        for process in reversed(processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        time.sleep(0.2)
