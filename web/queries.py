"""What the address of a request asks for."""

from __future__ import annotations

from flask import request

from pipeline.errors import BadRequest
from pipeline.ids import is_id


def asked_id(name: str) -> str | None:
    """The id of an image that the parameter `name` holds, None without one; raises `BadRequest` if it is no id."""
    value = request.args.get(name)
    if value is not None and not is_id(value):
        raise BadRequest(f"'{name}' must be the id of an image.")
    return value
