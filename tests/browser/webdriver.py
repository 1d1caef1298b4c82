"""Firefox and WebKit, driven by the W3C's WebDriver: Firefox over its own port for that (Marionette), WebKit over HTTP.

Playwright brings browsers of its own for both, which are neither the ones that people have nor to be had everywhere.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin

import pytest

from tests.browser.protocols import Http, Marionette, Protocols, minibrowser
from tests.product import answers, free_port, until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Delete": "\ue017", "Enter": "\ue007", "Escape": "\ue00c", "ArrowRight": "\ue014", "Control": "\ue009"}
_PREFERENCES = """
user_pref("marionette.port", {port});
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("devtools.console.stdout.content", true);
user_pref("browser.dom.window.dump.enabled", true);
"""
#: what the consoles of pages say, as Firefox writes it to its output; its own loggers begin with a name, unquoted
_SAID = re.compile(
    r"^(?:console\.\w+: (?!\w[\w.-]*:)|JavaScript (?:error|warning): (?!chrome:|resource:|moz-extension:)).*",
    re.MULTILINE,
)
#: WebKit writes nothing, so the page notes it
_NOTE = """
window.complaints = [];
const note = (text) => complaints.push(String(text));
addEventListener('error', (event) => note(event.message));
addEventListener('unhandledrejection', (event) => note(event.reason));
addEventListener('securitypolicyviolation', (event) => note(event.blockedURI));
for (const name of ['error', 'warn', 'info', 'log']) console[name] = (...words) => note(words.join(' '));
"""
#: writes a page into a document in which that is prepared
_WRITE = """
fetch(arguments[0]).then((answer) => answer.text()).then((page) => {
  history.replaceState(null, '', arguments[0]);
  document.open();
  NOTE
  document.write(page);
  document.close();
});
""".replace("NOTE", _NOTE)


class Window:
    """A window of a browser, with the few commands that our tests need."""

    def __init__(self, protocol: Protocols, output: Path) -> None:
        self._protocol = protocol
        self._output = output
        self._notes: list[str] = []
        #: texts of complaints that a test makes
        self.expected: tuple[str, ...] = ()

    @property
    def _is_firefox(self) -> bool:
        return isinstance(self._protocol, Marionette)

    def open(self, url: str) -> None:
        """Go to a page of the gallery, and wait until it has come alive.

        All that its console says is noted, from before its first script on.
        """
        if self._is_firefox:
            self._go(url)
        else:
            self._go(urljoin(url, "/healthz"))
            self.run(_WRITE, url)
        self._wait_until_alive()

    def complaints(self) -> list[str]:
        """What the consoles of the pages said."""
        if self._is_firefox:
            said = _SAID.findall(self._output.read_text(errors="replace"))
        else:
            said = self._notes + self.run("return window.complaints ?? []")
        return [text for text in said if not any(part in text for part in self.expected)]

    def _go(self, url: str) -> None:
        if not self._is_firefox:
            self._notes += self.run("return window.complaints ?? []")
        self._protocol.command("Navigate", "POST", "/url", url=url)

    def _wait_until_alive(self) -> None:
        until(lambda: self.run("return document.documentElement.classList.contains('alive')"), 60)

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
        return {"id": element} if self._is_firefox else {}


def missing(name: str) -> str | None:
    """Why a browser can't be had here; None if it can."""
    needed = {"firefox": ("firefox-esr",), "webkit": ("WebKitWebDriver", "Xvfb")}[name]
    lacking = [program for program in needed if shutil.which(program) is None]
    if name == "webkit" and minibrowser() is None:
        lacking.append("MiniBrowser")
    return f"not installed: {', '.join(lacking)}" if lacking else None


@contextmanager
def running_or_skipped(name: str) -> Iterator[Window]:
    """As `running`; skips the test where this browser is missing, but not in CI. Fails if a page complained."""
    reason = missing(name)
    if reason and not os.environ.get("CI"):
        pytest.skip(reason)
    with running(name) as window:
        yield window
        said = window.complaints()
        assert not said, said


@contextmanager
def running(name: str) -> Iterator[Window]:
    """A browser without a screen, and its window."""
    with (
        tempfile.TemporaryDirectory(prefix=f"gallery-{name}-", ignore_cleanup_errors=True) as folder,
        Path(folder, "output").open("wb") as output,
        _ended(output) as start,
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
            until(lambda: Path(f"/tmp/.X11-unix/X{display[1:]}").exists(), 60)
            environ |= {
                "DISPLAY": display,
                "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
                "LIBGL_ALWAYS_SOFTWARE": "1",
            }
            start(["WebKitWebDriver", f"--port={port}"], environ)
            until(lambda: answers(port), 60)
            protocol = Http(port)
        try:
            yield Window(protocol, Path(folder, "output"))
        finally:
            protocol.close()


@contextmanager
def _ended(output: IO[bytes]) -> Iterator[Any]:
    """What is started in here writes to `output`, and is ended with all that it started."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(command: list[str], environ: dict[str, str]) -> None:
        processes.append(subprocess.Popen(command, env=environ, stdout=output, stderr=output, start_new_session=True))

    try:
        yield start
    finally:
        for process in reversed(processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        time.sleep(0.2)
