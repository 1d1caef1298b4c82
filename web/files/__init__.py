"""Originals, renditions, and the pages' own scripts and styles."""

from __future__ import annotations

from flask import Flask

from pipeline.store import Store
from web.files import assets, images
from web.files.stripped import StrippedFiles


def register(app: Flask, store: Store) -> None:
    """Add the files' endpoints."""
    app.extensions["stripped"] = StrippedFiles(store)
    app.register_blueprint(images.blueprint)
    assets.register(app)
