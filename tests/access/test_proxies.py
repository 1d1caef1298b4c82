"""Which proxies are believed, and what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.errors import BadSetting
from pipeline.settings import Settings
from tests.access.calls import Serve, sign_in
from tests.conftest import Gallery, until
from tests.siege.sending import send_and_read
from tests.tokens import ADMIN, TOKENS
from web.access.proxies import TrustedProxies


def test_a_proxy_is_believed_only_as_configured(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    answer = sign_in(gallery, ADMIN, X_Forwarded_Proto="https", X_Forwarded_For="203.0.113.9")
    assert answer.headers["Set-Cookie"].startswith("gallery=")
    assert "Strict-Transport-Security" not in answer.headers


def test_who_reaches_web_directly_is_believed_nothing(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.start("web", "web", GALLERY_TOKEN=TOKENS, GALLERY_TRUSTED_PROXIES="127.0.0.2, 192.0.2.0/24")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    said = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Request-Id: chosen-by-me\r\n"
    asked = f"GET /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\n{said}Connection: close\r\n\r\n".encode()
    direct, proxied = (send_and_read(bare, asked, source) for source in ("127.0.0.3", "127.0.0.2"))
    assert b"Strict-Transport-Security" not in direct
    assert b"chosen-by-me" not in direct
    assert b"Strict-Transport-Security" in proxied
    assert b"X-Request-Id: chosen-by-me" in proxied
    clients = [line["client"] for line in map(json.loads, bare.log.read_text().splitlines()) if "method" in line]
    assert clients == ["127.0.0.3", "203.0.113.9"]
    assert bare.log.read_text().count("not in GALLERY_TRUSTED_PROXIES") == 1


@pytest.mark.parametrize(
    ("said", "caller"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("203.0.113.9:1234", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("203.0.113.9, nonsense", "10.0.0.1"),
        ("nonsense, 10.9.9.9", "10.9.9.9"),
        ("", "10.0.0.1"),
        (",".join(["203.0.113.9"] * 100_000), "203.0.113.9"),
    ],
)
def test_the_caller_is_the_last_address_that_is_no_proxy(said: str, caller: str) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        return []

    networks = Settings.from_environment({"GALLERY_TRUSTED_PROXIES": "10.0.0.0/8,::1"}).trusted_proxies
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": said, "HTTP_X_FORWARDED_HOST": "evil, a.example"}
    TrustedProxies(app, networks)(environ, lambda *_: None)  # type: ignore[arg-type]
    assert (seen["REMOTE_ADDR"], seen["HTTP_HOST"]) == (caller, "a.example")


@pytest.mark.parametrize(("text", "hint"), [("1", "Write addresses or networks"), ("proxy.example", "commas between")])
def test_proxies_are_named_by_address(text: str, hint: str) -> None:
    with pytest.raises(BadSetting, match=hint):
        Settings.from_environment({"GALLERY_TRUSTED_PROXIES": text})
    assert Settings.from_environment({"GALLERY_TRUSTED_PROXIES": "0"}).trusted_proxies == ()
