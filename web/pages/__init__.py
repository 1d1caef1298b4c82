"""The HTML pages, which work without JavaScript."""

from __future__ import annotations

from flask import Flask

from web.pages import gallery, install, status, trash, upload


def register(app: Flask) -> None:
    """Add the pages."""
    for module in (upload, gallery, status, trash, install):
        app.register_blueprint(module.blueprint)
