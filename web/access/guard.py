"""The guard: checks the host, the site a request comes from, the caller, and their role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import structlog
from flask import current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from pipeline.settings import Settings
from pipeline.tokens import Role, match
from web import uploads
from web.access.errors import CrossSite, NotAllowed, SignInNeeded, UnknownHost
from web.access.sessions import Session, Sessions
from web.access.tries import Tries
from web.callers import caller

_SAFE = ("GET", "HEAD", "OPTIONS")
_ANYBODY = frozenset(
    {
        "static", "assets.file", "health.healthz", "health.readyz", "access.signin", "access.signin_form",
        "install.manifest", "install.service_worker", "install.offline",
    }
)  # fmt: skip
_UPLOADS = frozenset({"trash.restore", "trash_page.restore", "bulk.restore"})
_ADMINS = frozenset({"status_page.index", "trash.page", "trash_page.index", "trash_page.grid"})
_PROBES = frozenset({"health.healthz", "health.readyz"})
"""Health checks: exempt from the Host check and from authentication."""
_READS = frozenset({"access.signout", "archive.download"})
_INSIDERS = frozenset({"metrics.show"})
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - names that are not answered to


@dataclass(frozen=True, slots=True)
class Guard:
    """Configuration of the guard, built by `create_app`."""

    settings: Settings
    sessions: Sessions
    tries: Tries


def guard() -> Guard:
    """The guard of the running app."""
    return cast(Guard, current_app.extensions["guard"])


def check() -> ResponseReturnValue | None:
    """Refuse the request, or put the caller's role into `g.role` and their session into `g.session`."""
    g.role, g.session, g.caller = Role.NONE, None, None
    if request.endpoint in _PROBES:
        return None
    _require_host()
    if request.method not in _SAFE:
        require_same_site()
    g.role = _role()
    needed = _needed()
    if g.role.covers(needed):
        insider = g.caller is not None or not guard().settings.tokens
        if insider or request.endpoint not in _INSIDERS:
            return None
    if g.caller is not None:
        raise NotAllowed(g.role, needed)
    if request.method in _SAFE and _is_page():
        back = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("access.signin", next=back), 303)
    raise SignInNeeded


def _require_host() -> None:
    """An open gallery answers to local names only, unless others are set. This prevents DNS rebinding."""
    settings = guard().settings
    allowed = frozenset(settings.hosts)
    if not allowed and not settings.tokens:
        allowed = _LOCAL_NAMES | {settings.host} - _EVERY_ADDRESS
    if allowed and _host_name(f"//{request.host}") not in allowed:
        raise UnknownHost


def _host_name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def require_same_site() -> None:
    """Refuse changes from another site's page. Programs send neither header; browsers send one or both."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise CrossSite
    origin = request.headers.get("Origin")
    if origin is not None and not _same(origin):
        raise CrossSite


def _same(origin: str) -> bool:
    """Whether an origin is this host and port. The scheme is ignored: a proxy may terminate TLS."""
    try:
        theirs = urlsplit(origin)
        default = {"http": 80, "https": 443}.get(theirs.scheme)
        ours = urlsplit(f"//{request.host}")
        same_port = (theirs.port or default) == (ours.port or default)
    except ValueError:
        return False
    return default is not None and theirs.hostname == ours.hostname and same_port


def client() -> str:
    """The caller's address, as the configured proxies report it."""
    return request.remote_addr or "unknown"


def _role() -> Role:
    settings = guard().settings
    if not settings.tokens:
        return Role.ADMIN
    bearer = request.headers.get("Authorization")
    if bearer is not None:
        return _bearer(bearer)
    session = _session()
    if session is not None:
        g.session, g.caller = session, session.token.name
        return session.token.role
    return Role.READ if settings.public else Role.NONE


def _bearer(header: str) -> Role:
    kind, _, secret = header.partition(" ")
    token = match(guard().settings.tokens, secret.strip()) if kind.lower() == "bearer" else None
    if token is None:
        structlog.get_logger().warning("wrong token", client=client())
        guard().tries.wrong(caller())
        raise SignInNeeded("This token is not known here. Check it, or ask for another.")
    g.caller = token.name
    return token.role


def cookie_name() -> str:
    """The name of the session cookie. Over TLS it has the prefix that browsers accept only from this host, over TLS."""
    return "__Host-gallery" if request.is_secure else "gallery"


def _session() -> Session | None:
    cookie = request.cookies.get(cookie_name())
    return guard().sessions.read(cookie, secure=request.is_secure) if cookie else None


def _needed() -> Role:
    endpoint = request.endpoint
    if endpoint in _ANYBODY:
        return Role.NONE
    if endpoint in uploads.ENDPOINTS or endpoint in _UPLOADS:
        return Role.UPLOAD
    if endpoint in _ADMINS:
        return Role.ADMIN
    if request.method in _SAFE or endpoint in _READS:
        return Role.READ
    return Role.ADMIN


def _is_page() -> bool:
    files = request.path.startswith(("/api/", "/metrics")) or (request.endpoint or "").startswith("files.")
    return not files and request.accept_mimetypes.accept_html
