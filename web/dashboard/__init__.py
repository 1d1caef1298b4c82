"""rq-dashboard, behind our own protections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import BadSetting
from pipeline.settings import Settings

if TYPE_CHECKING:
    from flask import Flask


def create_app(settings: Settings | None = None) -> Flask:
    """The dashboard's app; raises `BadSetting` if no password is set."""
    settings = settings or Settings.from_environment()
    require_password(settings)
    # Imported here, as in `web.create_app`.
    from web.dashboard.wiring import wire

    return wire(settings)


def require_password(settings: Settings) -> None:
    """Raise `BadSetting` if no password is set."""
    if not settings.dashboard_password:
        raise BadSetting("Set GALLERY_DASHBOARD_PASSWORD: the dashboard can change the queue, so it needs a login.")
