"""The front end's built files: hashed names that never change, sent compressed if the browser accepts that."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, request, send_from_directory, url_for

blueprint = Blueprint("assets", __name__)
_BUILT = Path(__file__).parent.parent / "static" / "dist"
_YEAR = 365 * 24 * 3600
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".map": "application/json"}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


def register(app: Flask) -> None:
    """Give the templates `asset(name)`, the address of a built file; empty if the front end was not built."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = asset


def asset(name: str) -> str | None:
    """The address of the built file that the manifest lists as `name`."""
    hashed = _manifest().get(name)
    return url_for("assets.file", name=hashed) if hashed else None


@cache
def _manifest() -> dict[str, str]:
    try:
        names: dict[str, str] = json.loads((_BUILT / "manifest.json").read_bytes())
    except FileNotFoundError:
        return {}
    return names


@blueprint.get("/assets/<name>")
def file(name: str) -> Response:
    """One built file."""
    answer = _send(name, _YEAR)
    answer.cache_control.immutable = True
    return answer


def built(name: str) -> Response:
    """The file that the manifest lists as `name`, for an address that does not change with it."""
    hashed = _manifest().get(name)
    if hashed is None:
        abort(404)
    return _send(hashed, 0)


def _send(name: str, max_age: int) -> Response:
    suffix = Path(name).suffix
    if suffix not in _TYPES:
        abort(404)
    accepted = request.accept_encodings
    encoding, ending = next(((e, end) for e, end in _ENCODINGS if accepted[e] > 0), ("", ""))
    answer = send_from_directory(_BUILT, name + ending, mimetype=_TYPES[suffix], max_age=max_age)
    answer.vary.add("Accept-Encoding")
    if encoding:
        answer.content_encoding = encoding
    return answer
