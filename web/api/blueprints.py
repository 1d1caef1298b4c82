"""All endpoints of the HTTP API."""

from __future__ import annotations

from flask import Flask

from web.api import archive, bulk, days, events, health, images, metrics, openapi, status, trash


def register(app: Flask) -> None:
    """Add the API's endpoints."""
    for module in (images, trash, status, bulk, archive, days, events, health, metrics, openapi):
        app.register_blueprint(module.blueprint)
