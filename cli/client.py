"""A client of the gallery's API. It retries while the gallery is away, and raises `Refused` if it says no."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec
import urllib3

from cli.answers import Image, Page, Problem

_TIMEOUT = urllib3.Timeout(connect=10, read=120)
_PROBE_TIMEOUT = urllib3.Timeout(connect=5, read=10)
_LONGEST_PAUSE = 30.0
_TRIES = 4
_TOO_MANY, _BROKEN = 429, 502
_FINAL = frozenset({501, 505, 507})
_NOT_US = frozenset({401, 403, 404, 405})
_FULL = 507
_PIECE = 256 * 1024

T = TypeVar("T")
Answer = urllib3.BaseHTTPResponse


class Refused(Exception):
    """The gallery refused: `code` is stable, the message is a sentence for a person."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code

    @property
    def concerns_all(self) -> bool:
        """Whether every other file would be refused too: no access, no gallery at this address, or a full one."""
        return self.status < 400 or self.status in _NOT_US or self.status == _FULL


class BadAnswer(Refused):
    """The answer is not from a gallery."""


class Unreachable(Exception):
    """The gallery did not answer, or was not ready, for as long as the caller was patient."""


class Stopped(Exception):
    """The user stopped the command."""


class Readable(Protocol):
    """The body of a request."""

    def read(self, length: int, /) -> bytes:
        """The next bytes, at most `length`, none at the end."""


@dataclass(frozen=True, slots=True)
class Client:
    """Calls of the API at `url`; thread-safe. `patience` is in seconds, counted from the first failure."""

    url: str
    token: str | None
    patience: float
    pool: urllib3.PoolManager
    stopped: threading.Event = field(default_factory=threading.Event)

    def call(self, method: str, path: str, answer: type[T], fields: dict[str, str] | None = None) -> T:
        """The answer; raises `Refused`, `Unreachable` and `Stopped`."""
        query = f"?{urlencode(fields)}" if fields else ""
        return self._patiently(lambda: self._send(method, f"{path}{query}"), lambda found: self._read(found, answer))

    def send(self, method: str, path: str) -> None:
        """Call `path`, and read nothing of the answer; raises as `call`."""
        self._patiently(lambda: self._send(method, path), lambda _answer: None)

    def find(self, sha256: str) -> Image | None:
        """The image with this hash, or None if the gallery knows of none."""
        page = self.call("GET", "/api/images", Page, {"sha256": sha256})
        images = [self.understand(plain, Image) for plain in page.images]
        return next((image for image in images if image.sha256 == sha256), None)

    def upload(self, name: str, size: int, body: Callable[[], Readable]) -> tuple[bool, Image]:
        """Upload the `size` bytes of `body()`, which opens them again for each try.

        Returns whether they are new, and their record. Passes on what reading them raises.
        """
        path = f"/api/images?name={quote(name)}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        return self._patiently(
            lambda: self._send("POST", path, body=body(), headers=headers),
            lambda answer: (answer.status == 201, self._read(answer, Image)),
        )

    def download(self, path: str, target: Callable[[], BinaryIO], most: int, *, unless: str = "") -> str:
        """Write the file at `path` to `target()`, opened again for each try; stops after more than `most` bytes.

        Returns its ETag. Raises `Refused` with status 304 if that is `unless`.
        """

        def fetch() -> Answer:
            headers = {"If-None-Match": unless} if unless else {}
            answer = self._send("GET", path, preload_content=False, headers=headers)
            try:
                if answer.status == 200:
                    self._write(answer, target, most)
                else:
                    answer.read()
            finally:
                answer.close()
            return answer

        return self._patiently(fetch, lambda answer: str(answer.headers.get("ETag", "")))

    def records(self, **fields: str) -> Iterator[tuple[Image, dict[str, Any]]]:
        """Every record, newest first: parsed, and as it came."""
        before: str | None = None
        while True:
            where = {"limit": "500", **fields, **({"before": before} if before else {})}
            page = self.call("GET", "/api/images", Page, where)
            for plain in page.images:
                yield self.understand(plain, Image), plain
            if page.next is None:
                return
            if page.next == before:
                raise self._is_no_gallery()
            before = page.next

    def understand(self, plain: dict[str, Any], kind: type[T]) -> T:
        """Parse an answer; raises `Refused` if it is not from a gallery."""
        try:
            return msgspec.convert(plain, kind)
        except msgspec.ValidationError:
            raise self._is_no_gallery() from None

    def _write(self, answer: Answer, target: Callable[[], BinaryIO], most: int) -> None:
        with target() as file:
            written = 0
            for piece in answer.stream(_PIECE):
                if self.stopped.is_set():
                    raise Stopped
                file.write(piece)
                written += len(piece)
                if written > most:
                    return

    def _send(self, method: str, path: str, **options: Any) -> Answer:
        headers = {"Accept": "application/json", "User-Agent": "gallery", **options.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        options = {"timeout": _TIMEOUT, "retries": False, "redirect": False, **options}
        return self.pool.request(method, f"{self.url}{path}", headers=headers, **options)

    def _patiently(self, send: Callable[[], Answer], read: Callable[[Answer], T]) -> T:
        """The result of `read` for the answer. Retries while the gallery is away.

        If the gallery is ready and the request fails four times, the request is refused.
        """
        end, pause, failures = 0.0, 0.5, 0
        while not self.stopped.is_set():
            refused, away = Refused(_BROKEN, "broken-connection", ""), Unreachable()
            try:
                answer = send()
                if (answer.status < 500 and answer.status != _TOO_MANY) or answer.status in _FINAL:
                    return read(self._accepted(answer))
                refused = self._refusal(answer)
                away = Unreachable(f"{self.url} is not ready: {refused}")
                pause = max(pause, _asked_pause(answer))
            except urllib3.exceptions.HTTPError as error:
                away = Unreachable(f"{self.url} does not answer: {error}")
                if isinstance(error, urllib3.exceptions.SSLError):
                    raise away from error  # what is not trusted now is not trusted in a minute
                refused = Refused(_BROKEN, "broken-connection", f"The connection broke {_TRIES} times: {error}")
            except BadAnswer as error:  # the connection may have been cut within the answer
                refused, away = error, Unreachable(str(error))
            failures += refused.status != _TOO_MANY and self._is_ready()
            if failures == _TRIES:
                raise refused
            end, pause = end or time.monotonic() + self.patience, min(pause, _LONGEST_PAUSE)
            if time.monotonic() + pause > end:
                raise away
            self.stopped.wait(pause)
            pause *= 2
        raise Stopped

    def _is_ready(self) -> bool:
        try:
            return self._send("GET", "/readyz", timeout=_PROBE_TIMEOUT).status < 500
        except urllib3.exceptions.HTTPError:
            return False

    def _accepted(self, answer: Answer) -> Answer:
        if answer.status < 300:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> Refused:
        if 300 <= answer.status < 400 and (place := answer.headers.get("Location")):
            return Refused(answer.status, "moved", f"{self.url} sends us to {place}: give that as --url.")
        try:
            problem = msgspec.json.decode(answer.data, type=Problem)
        except msgspec.MsgspecError:
            return Refused(answer.status, "http-error", f"{self.url} answered with status {answer.status}.")
        return Refused(answer.status, problem.code, problem.detail)

    def _read(self, answer: Answer, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._is_no_gallery() from None

    def _is_no_gallery(self) -> BadAnswer:
        return BadAnswer(200, "bad-answer", f"{self.url} answers, but not as this gallery does.")


def _asked_pause(answer: Answer) -> float:
    """Seconds after which the gallery asks us to come again."""
    asked = answer.headers.get("Retry-After", "")
    return float(asked) if asked.isascii() and asked.isdigit() else 0.0
