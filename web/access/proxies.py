"""Forwarded headers, believed only from the addresses of our own proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from web.callers import Networks, is_trusted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BELIEVED = "gallery.proxied"
_MOST_HOPS = 16
_log = structlog.get_logger()


class TrustedProxies:
    """Replaces a proxy's address, scheme and host by those that it forwards, if it is in `networks`.

    The caller is the last address in `X-Forwarded-For` that is not a proxy. The last scheme and host count, because
    the nearest proxy sets them. Headers from anyone else are ignored.
    """

    def __init__(self, app: WSGIApplication, networks: Networks) -> None:
        self._app = app
        self._networks = networks
        self._warned = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request."""
        peer = str(environ.get("REMOTE_ADDR", ""))
        if is_trusted(peer, self._networks):
            self._believe(environ, peer)
        elif "HTTP_X_FORWARDED_FOR" in environ and not self._warned:
            self._warned = True  # once: callers who reach us directly could fill the log
            _log.warning("X-Forwarded-For from an address that is not in GALLERY_TRUSTED_PROXIES", client=peer)
        return self._app(environ, start_response)

    def _believe(self, environ: WSGIEnvironment, peer: str) -> None:
        environ[BELIEVED] = True
        caller = peer
        for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:]):
            if (address := _address(hop.strip())) is None:
                break
            caller = address
            if not is_trusted(caller, self._networks):
                break
        environ["REMOTE_ADDR"] = caller
        if (scheme := _last(environ, "HTTP_X_FORWARDED_PROTO").lower()) in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
        if host := _last(environ, "HTTP_X_FORWARDED_HOST"):
            environ["HTTP_HOST"] = host


def _last(environ: WSGIEnvironment, name: str) -> str:
    return str(environ.get(name, "").rpartition(",")[2].strip())


def _address(text: str) -> str | None:
    """An address, with or without a port; None for anything else."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
