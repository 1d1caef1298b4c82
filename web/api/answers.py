"""JSON from the types of `web.api.schemas`, so that responses always match the API's description."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from flask import Response, current_app
from flask.json.provider import DefaultJSONProvider

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class JSONProvider(DefaultJSONProvider):
    """Serialises all JSON of the app, pages included. As Flask's (sorted keys, ASCII), but for typed objects too."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """Serialise plain values, msgspec structs or dataclasses."""
        text = msgspec.json.encode(obj, order="sorted").decode()
        return text if text.isascii() else _NOT_ASCII.sub(_escaped, text)


def answer(body: Any, status: int = 200, *, mimetype: str = "application/json") -> Response:
    """A response with this body."""
    return Response(f"{current_app.json.dumps(body)}\n", status, mimetype=mimetype)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
