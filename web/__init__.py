"""The web service: takes uploads, shows the gallery. It never decodes a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.settings import Settings

if TYPE_CHECKING:
    from flask import Flask


def create_app(settings: Settings | None = None) -> Flask:
    """Wire the service and return it; reads the environment if no settings are given."""
    # Imported here so that `python -m web`, which only checks settings and becomes gunicorn, starts fast.
    from web.wiring import wire

    return wire(settings or Settings.from_environment())
