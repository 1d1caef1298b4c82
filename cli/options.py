"""The options that all commands of the API share, and how errors end a command."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import click
import urllib3

from cli.client import Client, Refused, Stopped, Unreachable
from cli.exit_statuses import fail
from pipeline.addresses import netloc, reachable
from pipeline.errors import BadSetting
from pipeline.tokens import Role, parse_tokens


def with_client(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--url`, `--token` and `--patience` as a `client`.

    If the gallery refuses, the command prints why and exits with status 2.
    """

    @click.option("--url", envvar="GALLERY_URL", show_envvar=True, help="Address of the gallery.")
    @click.option("--token", envvar="GALLERY_TOKEN", show_envvar=True, default="", help="Your access token, if needed.")
    @click.option(
        "--patience", type=click.FloatRange(min=0), default=60.0, show_default=True,
        help="Seconds to wait for a gallery that is away.",
    )  # fmt: skip
    @wraps(command)
    def wrapped(url: str | None, token: str, patience: float, **options: Any) -> None:
        try:
            pool = urllib3.PoolManager(maxsize=64)
            command(client=Client(address(url or default_url()), secret(token), patience, pool), **options)
        except (Refused, Unreachable, BadSetting) as error:
            fail(str(error))
        except Stopped:
            raise KeyboardInterrupt from None

    return wrapped


def default_url(environ: Mapping[str, str] = os.environ) -> str:
    """The address of a gallery with these settings."""
    host = environ.get("GALLERY_HOST", "").strip().removeprefix("[").removesuffix("]") or "127.0.0.1"
    return f"http://{netloc(reachable(host), environ.get('GALLERY_PORT', '').strip() or 5000)}"


def address(url: str) -> str:
    """A URL of a gallery, without a trailing slash; raises `BadSetting`."""
    text = url if "://" in url else f"http://{url}"
    try:
        parsed = urllib3.util.parse_url(text)
    except (urllib3.exceptions.LocationParseError, UnicodeError):
        parsed = urllib3.util.Url()
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.fragment or parsed.auth:
        raise BadSetting(f"{url!r} is not the address of a gallery. One looks like this: http://127.0.0.1:5000")
    return text.rstrip("/")


def secret(text: str) -> str | None:
    """The strongest secret of a `GALLERY_TOKEN` that names several; a bare secret as it is."""
    if ":" in text:
        return max(parse_tokens(text), key=lambda token: list(Role).index(token.role)).secret
    token = text.strip()
    if not (token.isascii() and token.isprintable()):
        raise BadSetting("The token has characters that no token has.")
    return token or None
