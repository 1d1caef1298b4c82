"""Protection of rq-dashboard: a login, no requests from other sites, and no content of a job is run.

Without it, version 0.9 requeues on GET, has no protection against cross-site requests, compares its password with
`!=`, unpickles what it finds in Redis, and puts text from jobs into its pages as HTML.
"""

from __future__ import annotations

import json
from hashlib import sha256
from hmac import compare_digest
from html import escape
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, request
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from web.access.tries import Turns
from web.callers import caller

_BODY_BYTES = 16 * 1024
_SAFE = ("GET", "HEAD")
_CHANGES = frozenset({"delete_job_view", "requeue_job_view", "requeue_all", "empty_queue", "compact_queue"})
_INLINE_SCRIPT = b'<script type="text/javascript">'
# of one text: a traceback has a tenth of it
_MOST_CHARACTERS = 50_000
# the page's own templates escape these; the others are put in as HTML
_ESCAPED_BY_PAGE = {"rq_dashboard.list_jobs": frozenset({"description", "exc_info"})}
_log = structlog.get_logger()


def protect(app: Flask, user: str, password: str) -> None:
    """Protect an rq-dashboard app."""
    app.config["MAX_CONTENT_LENGTH"] = _BODY_BYTES
    wanted = _digest(user, password)
    turns = Turns(FixedWindowRateLimiter(MemoryStorage()).hit)

    @app.before_request
    def check() -> Response | None:
        g.nonce = token_urlsafe(16)
        return _log_in(wanted, turns) or _refuse_other_sites()

    app.after_request(_secure)


def _log_in(wanted: bytes, turns: Turns) -> Response | None:
    offered = request.authorization
    if offered is None or offered.type != "basic":
        return Response("Please log in.", 401, {"WWW-Authenticate": 'Basic realm="rq-dashboard", charset="UTF-8"'})
    if compare_digest(_digest(offered.username or "", offered.password or ""), wanted):
        return None
    _log.warning("login refused", client=request.remote_addr)
    if not turns.wrong(caller()):
        return Response("Too many tries. Wait a minute.", 429, {"Retry-After": "60"})
    return Response("Please log in.", 401, {"WWW-Authenticate": 'Basic realm="rq-dashboard", charset="UTF-8"'})


def _digest(user: str, password: str) -> bytes:
    return sha256(f"{sha256(user.encode()).hexdigest()}:{password}".encode()).digest()


def _refuse_other_sites() -> Response | None:
    """Changes are POSTs from the dashboard's own pages; other sites may at most link to a page."""
    changes = (request.endpoint or "").rpartition(".")[2] in _CHANGES
    if request.method in _SAFE and changes:
        return Response("Send this as a POST.", 405, {"Allow": "POST"})
    site = request.headers.get("Sec-Fetch-Site", "none")
    linked = request.method in _SAFE and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if site not in ("same-origin", "none") and not linked:
        return Response("This was asked for by another site's page.", 403)
    origin = request.headers.get("Origin")
    if request.method not in _SAFE and origin is not None and urlsplit(origin).netloc != request.host:
        return Response("This was asked for by another site's page.", 403)
    return None


def _secure(response: Response) -> Response:
    if response.mimetype == "text/html":
        tag = f'<script nonce="{g.nonce}" type="text/javascript">'.encode()
        response.set_data(response.get_data().replace(_INLINE_SCRIPT, tag))
    elif response.mimetype == "application/json":
        plain = _ESCAPED_BY_PAGE.get(request.endpoint or "", frozenset())
        response.set_data(json.dumps(_escaped(json.loads(response.get_data()), plain)))
    response.headers.update(
        {
            # its templates are compiled in the browser, which needs eval; what they put in runs no script all the same
            "Content-Security-Policy": f"default-src 'none'; script-src 'self' 'nonce-{g.nonce}' 'unsafe-eval'; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'none'; "
            "base-uri 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
    )
    return response


def _escaped(value: Any, plain: frozenset[str], key: str = "") -> Any:
    if isinstance(value, str):
        shown = value[:_MOST_CHARACTERS]
        return shown if key in plain else escape(shown)
    if isinstance(value, list):
        return [_escaped(item, plain, key) for item in value]
    if isinstance(value, dict):
        return {escape(name): _escaped(item, plain, name) for name, item in value.items()}
    return value
