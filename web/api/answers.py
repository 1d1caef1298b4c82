"""Answers of the API: the types of `web.api.schemas` as JSON, so that the description is what is sent."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response


def answer(body: Any, status: int = 200, *, mimetype: str = "application/json") -> Response:
    """An answer with this body."""
    return Response(msgspec.json.encode(body), status, mimetype=mimetype)
