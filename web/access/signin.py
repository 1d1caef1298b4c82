"""Signing in with a token, and signing out."""

from __future__ import annotations

import structlog
from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from pipeline.tokens import match
from web.access.guard import client, cookie_name, guard
from web.access.sessions import SECONDS
from web.callers import caller

blueprint = Blueprint("access", __name__)
_log = structlog.get_logger()
_LONGEST_SECRET = 1024


@blueprint.get("/signin")
def signin() -> ResponseReturnValue:
    """Ask for a token."""
    if not guard().settings.tokens or g.session is not None:
        return redirect(_local(request.args.get("next", "")), 303)
    return render_template("access/signin.html", next=_local(request.args.get("next", "")), wrong=False)


@blueprint.post("/signin")
def signin_form() -> ResponseReturnValue:
    """Begin a session, or ask again."""
    back = _local(request.form.get("next", ""))
    if not guard().settings.tokens:
        return redirect(back, 303)
    secret = request.form.get("token", "")[:_LONGEST_SECRET].strip()
    token = match(guard().settings.tokens, secret)
    if token is None:
        _log.warning("sign-in refused", client=client())
        guard().tries.wrong(caller())
        return render_template("access/signin.html", next=back, wrong=True), 401
    _log.info("signed in", caller=token.name, client=client())
    answer = redirect(back, 303)
    answer.set_cookie(
        cookie_name(),
        guard().sessions.begin(token, secure=request.is_secure),
        max_age=SECONDS,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


@blueprint.post("/signout")
def signout() -> ResponseReturnValue:
    """End the session, here and in every copy of its cookie."""
    if g.session is not None:
        guard().sessions.end(g.session)
    answer = redirect(url_for("access.signin") if guard().settings.tokens else "/", 303)
    answer.delete_cookie(cookie_name(), path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    return answer


def _local(address: str) -> str:
    """Where to go after signing in: always a path of this site."""
    plain = address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else "/"
