"""Redis behind Sentinel, which reports the master, also after each failover."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from redis import Redis
from redis.sentinel import Sentinel

from pipeline.errors import BadSetting

SCHEMES = ("redis+sentinel", "rediss+sentinel")
_PORT = 26379
_FORM = "redis+sentinel://[user:password@]host[:port][,host[:port]…]/master[/database][?sentinel_password=…]"


def is_sentinel(url: str) -> bool:
    """Whether the address is that of Sentinels and not of a Redis."""
    return url.partition("://")[0] in SCHEMES


def master(url: str, options: dict[str, Any]) -> Redis:
    """A client of the master, connected with `options`; raises `BadSetting` for an address it cannot read.

    `rediss+sentinel` speaks TLS to both; `?ssl_ca_certs=` and its like are passed on.
    """
    parts = urlsplit(url)
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    name, _, database = parts.path.strip("/").partition("/")
    try:
        sentinels = [_place(place) for place in places.split(",")]
        number = int(database or 0)
    except ValueError:
        raise BadSetting(f"REDIS_URL must look like {_FORM}.") from None
    if not name:
        raise BadSetting(f"REDIS_URL names no master: it must look like {_FORM}.")
    query = dict(parse_qsl(parts.query))
    secret = query.pop("sentinel_password", None)
    both = {**options, **query, **({"ssl": True} if parts.scheme == "rediss+sentinel" else {})}
    found = Sentinel(  # type: ignore[no-untyped-call]
        sentinels,
        sentinel_kwargs={**both, "password": secret},
        **both,
        username=unquote(user) or None,
        password=unquote(password) or None,
        db=number,
    )
    client: Redis = found.master_for(name)  # type: ignore[no-untyped-call]
    return client


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.partition(":")
    if not host:
        raise ValueError(text)
    return host, int(port or _PORT)
