"""The gallery's API as the commands use it: patient where the service is away, plain where it refuses."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
import urllib3

from pipeline.errors import BadSetting
from pipeline.tokens import Role, parse_tokens

_AGAIN = frozenset({429, 502, 503, 504})
_TIMEOUT = urllib3.Timeout(connect=5, read=120)
_LONGEST_PAUSE = 30.0


class Refused(Exception):
    """The gallery answered no: `code` is stable, the message a sentence for a person."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


class Unreachable(Exception):
    """The gallery did not answer within the caller's patience."""


@dataclass(frozen=True, slots=True)
class Client:
    """Calls of the API at `url`; safe to use from many threads. `patience` is in seconds."""

    url: str
    token: str | None
    patience: float
    pool: urllib3.PoolManager

    def call(self, method: str, path: str, fields: dict[str, str] | None = None) -> Any:
        """The answer's JSON, None where it has none; raises `Refused` and `Unreachable`."""
        query = f"?{urlencode(fields)}" if fields else ""
        return _json(self._patiently(lambda: self._send(method, f"{path}{query}")))

    def upload(self, file: Path) -> tuple[bool, dict[str, Any]]:
        """Send one file: whether it is new there, and its record; raises `OSError` where it can't be read."""

        def send() -> urllib3.BaseHTTPResponse:
            with file.open("rb") as body:
                headers = {
                    "Content-Type": "application/octet-stream",
                    "Content-Length": str(os.fstat(body.fileno()).st_size),
                }
                return self._send("POST", f"/api/images?name={quote(file.name)}", body=body, headers=headers)

        answer = self._patiently(send)
        return answer.status == 201, _json(answer)

    def download(self, path: str, target: Path, *, unless: str = "") -> str:
        """Write what lies at `path` to `target`; return its ETag.

        Raise `Refused` with status 304 if the ETag is `unless`, with status 200 if the download breaks off.
        """
        headers = {"If-None-Match": unless} if unless else {}
        answer = self._patiently(lambda: self._send("GET", path, preload_content=False, headers=headers))
        try:
            with target.open("wb") as file:
                for chunk in answer.stream(256 * 1024):
                    file.write(chunk)
        except urllib3.exceptions.HTTPError:
            raise Refused(answer.status, "broken-off", "The download broke off.") from None
        finally:
            answer.release_conn()
        return answer.headers.get("ETag", "")

    def records(self, **fields: str) -> Iterator[dict[str, Any]]:
        """Every record, newest first."""
        before: str | None = None
        while True:
            page = self.call("GET", "/api/images", {"limit": "500", **fields, **({"before": before} if before else {})})
            yield from page["images"]
            before = page["next"]
            if before is None:
                return

    def _send(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": "gallery", **options.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.pool.request(
            method, f"{self.url}{path}", headers=headers, retries=False, redirect=False, timeout=_TIMEOUT, **options
        )

    def _patiently(self, send: Callable[[], urllib3.BaseHTTPResponse]) -> urllib3.BaseHTTPResponse:
        end, pause = time.monotonic() + self.patience, 0.5
        while True:
            try:
                answer = send()
            except urllib3.exceptions.HTTPError as error:
                if time.monotonic() + pause > end:
                    raise Unreachable(f"{self.url} does not answer: {error}") from error
            else:
                if answer.status not in _AGAIN or time.monotonic() + pause > end:
                    return _checked(answer)
                asked = answer.headers.get("Retry-After", "")
                pause = max(pause, float(asked)) if asked.isdigit() else pause
            time.sleep(min(pause, _LONGEST_PAUSE))
            pause *= 2


def _checked(answer: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
    if answer.status < 300:
        return answer
    try:
        problem = json.loads(answer.data)
        raise Refused(answer.status, problem["code"], problem["detail"])
    except (ValueError, KeyError, TypeError):
        raise Refused(answer.status, "http-error", f"The answer was {answer.status}.") from None


def _json(answer: urllib3.BaseHTTPResponse) -> Any:
    return json.loads(answer.data) if answer.data else None


def _token(text: str) -> str | None:
    """The strongest secret of a GALLERY_TOKEN that names several; a bare secret as it is."""
    if ":" not in text:
        return text.strip() or None
    tokens = parse_tokens(text)
    return max(tokens, key=lambda token: list(Role).index(token.role)).secret


def with_client(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--url`, `--token` and `--patience` as a `client`; its refusals end it with exit status 2."""

    @click.option("--url", envvar="GALLERY_URL", show_envvar=True, help="Where the gallery is.")
    @click.option("--token", envvar="GALLERY_TOKEN", show_envvar=True, default="", help="Who you are, where it asks.")
    @click.option(
        "--patience", type=float, default=60.0, show_default=True, help="Seconds to wait for a gallery that is away."
    )
    @wraps(command)
    def wrapped(url: str | None, token: str, patience: float, **options: Any) -> None:
        try:
            address = url or f"http://127.0.0.1:{os.environ.get('GALLERY_PORT') or 5000}"
            pool = urllib3.PoolManager(maxsize=64)
            command(client=Client(address.rstrip("/"), _token(token), patience, pool), **options)
        except (Refused, Unreachable, BadSetting) as error:
            click.echo(str(error), err=True)
            sys.exit(2)

    return wrapped
