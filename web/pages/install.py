"""Makes the gallery installable: manifest, service worker, offline page, and share target."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from pipeline.images.formats import ACCEPTED_TYPES
from web.files.assets import built
from web.pages.upload import receive_form

blueprint = Blueprint("install", __name__)
_ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-mask.png", "512x512", "maskable"),
)


@blueprint.get("/manifest.webmanifest")
def manifest() -> ResponseReturnValue:
    """The web app manifest. It reveals nothing of the gallery's content, so anyone may fetch it."""
    vector = {"src": url_for("static", filename="icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    described: dict[str, Any] = {
        "id": "/",
        "name": "Image Gallery",
        "short_name": "Gallery",
        "description": "Add pictures, and look at them.",
        "lang": "en",
        "start_url": url_for("gallery.index"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#2f55d4",
        "icons": [
            vector,
            *(
                {"src": url_for("static", filename=name), "sizes": sizes, "type": "image/png", "purpose": purpose}
                for name, sizes, purpose in _ICONS
            ),
        ],
        "share_target": {
            "action": url_for("install.share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"files": [{"name": "file", "accept": ["image/*", *ACCEPTED_TYPES]}]},
        },
    }
    answer = jsonify(described)
    answer.mimetype = "application/manifest+json"
    answer.cache_control.max_age = 3600
    return answer


@blueprint.get("/sw.js")
def service_worker() -> Response:
    """The service worker. Its URL never changes, so that a new release replaces it."""
    answer = built("sw.js")
    answer.cache_control.no_cache = True
    return answer


@blueprint.get("/offline")
def offline() -> str:
    """The page that the service worker shows if the gallery cannot be reached."""
    return render_template("install/offline.html")


@blueprint.post("/share")
def share() -> ResponseReturnValue:
    """Handle files shared by another app, in case the service worker is missing, which normally takes them."""
    return receive_form()
