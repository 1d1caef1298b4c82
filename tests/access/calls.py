"""What the tests of access ask a gallery for."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from urllib.parse import urlencode

from tests.conftest import Answer, Gallery, picture

Serve = Callable[..., Gallery]


def raw(gallery: Gallery, method: str, path: str, body: str = "", **headers: str) -> Answer:
    """A request that follows no redirect; header names are written with underscores."""
    connection = http.client.HTTPConnection("127.0.0.1", gallery.port, timeout=30)
    connection.request(method, path, body or None, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    found = Answer(answer.status, answer.headers, answer.read())
    connection.close()
    return found


def sign_in(gallery: Gallery, token: str, **headers: str) -> Answer:
    form = urlencode({"token": token, "next": "/?a=b"})
    return raw(gallery, "POST", "/signin", form, Content_Type="application/x-www-form-urlencoded", **headers)


def put(gallery: Gallery, **headers: str) -> Answer:
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return gallery.call("POST", "/api/images?name=a.png", picture(), {"Content-Type": "image/png", **named})
