"""Originals, renditions, and the pages' own scripts and styles."""

from __future__ import annotations

from flask import Flask

from web.files import assets, images


def register(app: Flask) -> None:
    """Add the files' endpoints."""
    app.register_blueprint(images.blueprint)
    assets.register(app)
