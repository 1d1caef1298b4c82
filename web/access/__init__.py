"""Access control: tokens, sessions, roles, and the refusal of cross-site requests."""

from __future__ import annotations

from typing import Any

from flask import Flask, g

from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.tokens import Role
from web.access import signin
from web.access.guard import Guard, check
from web.access.originals import may_fetch_originals
from web.access.rates import Rates
from web.access.sessions import Sessions
from web.access.tries import Tries


def register(app: Flask, settings: Settings, store: Store, rates: Rates) -> None:
    """Check every request of the app, and give the templates the caller's rights.

    These are `role`, `caller_name`, `signed_in`, `can_sign_in`, `dashboard_url`, and `original`: whether the caller may
    fetch originals.
    """
    sessions = Sessions(settings.tokens, store.layout.signed_out)
    app.extensions["guard"] = Guard(settings, sessions, Tries(rates))
    app.before_request(check)
    app.register_blueprint(signin.blueprint)

    @app.context_processor
    def known() -> dict[str, Any]:
        role = g.get("role", Role.NONE)
        return {
            "role": role,
            "original": may_fetch_originals() if "caller" in g else False,
            "signed_in": g.get("session") is not None,
            "caller_name": g.get("caller") or "",
            "can_sign_in": bool(settings.tokens),
            "dashboard_url": settings.dashboard_url if role is Role.ADMIN else "",
        }
