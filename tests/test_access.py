"""Who may do what: open on loopback, tokens with roles, sessions, and other sites' pages."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from pipeline.errors import BadSetting
from pipeline.settings import Settings
from pipeline.tokens import Role, parse_tokens
from tests.conftest import ROOT, Answer, Gallery, picture, until
from tests.siege.sending import send_and_read
from tests.tokens import ADMIN, READ, TOKENS, UPLOAD, bearer
from web.access.proxies import TrustedProxies
from web.access.sessions import Sessions

Serve = Callable[..., Gallery]


@pytest.fixture
def serve(bare: Gallery) -> Serve:
    """Starts web alone with the given settings: access needs neither Redis nor workers."""

    def start(**environ: str) -> Gallery:
        bare.start("web", "web", **environ)
        until(lambda: bare.call("GET", "/healthz").status == 200, 30)
        return bare

    return start


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


def test_each_role_may_do_its_own_and_no_more(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    assert put(gallery).status == 401
    assert put(gallery, **bearer(READ)).status == 403
    sent = put(gallery, **bearer(UPLOAD))
    assert sent.status == 201
    link = sent.headers["Location"]
    refused = gallery.call("DELETE", link, headers=bearer(UPLOAD))
    assert (refused.status, refused.json["code"]) == (403, "not-allowed")
    assert gallery.call("POST", "/api/retry-failed", headers=bearer(UPLOAD)).status == 403
    anonymous = gallery.call("GET", link)
    assert (anonymous.status, anonymous.json["code"]) == (401, "sign-in-needed")
    assert anonymous.headers["WWW-Authenticate"].startswith("Bearer")
    for secret in (READ, UPLOAD, ADMIN):
        assert gallery.call("GET", link, headers=bearer(secret)).status == 200
    assert gallery.call("GET", link, headers=bearer("x" * 24)).status == 401
    assert gallery.call("DELETE", link, headers=bearer(ADMIN)).status == 204
    assert gallery.call("GET", "/healthz").status == 200


def test_originals_and_renditions_are_as_private_as_the_rest(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    original = put(gallery, **bearer(UPLOAD)).json["links"]["original"]
    assert gallery.call("GET", original).status == 401
    mine = gallery.call("GET", original, headers=bearer(READ))
    assert mine.status == 200
    assert "private" in mine.headers["Cache-Control"]
    assert "public" not in mine.headers["Cache-Control"]


def test_a_public_gallery_can_be_read_by_all_and_changed_by_few(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1")
    link = put(gallery, **bearer(UPLOAD)).headers["Location"]
    assert gallery.call("GET", link).status == 200
    assert gallery.call("GET", "/").status == 200
    assert put(gallery).status == 401
    assert gallery.call("DELETE", link).status == 401


def test_a_person_signs_in_and_out_and_a_kept_copy_of_the_cookie_is_worth_nothing(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    asked = raw(gallery, "GET", "/?a=b", Accept="text/html")
    assert (asked.status, asked.headers["Location"]) == (303, "/signin?next=/?a%3Db")
    assert b'type="password"' in raw(gallery, "GET", "/signin").body
    assert sign_in(gallery, "wrong").status == 401
    answer = sign_in(gallery, ADMIN)
    assert (answer.status, answer.headers["Location"]) == (303, "/?a=b")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    mine = cookie.split(";")[0]
    assert raw(gallery, "GET", "/api/images", Cookie=mine).status == 200
    assert raw(gallery, "POST", "/api/retry-failed", Cookie=mine, Sec_Fetch_Site="same-origin").status == 202
    forged = mine.replace("boss", "phone")
    assert raw(gallery, "GET", "/api/images", Cookie=forged).status == 401
    assert raw(gallery, "POST", "/signout", Cookie=mine, Sec_Fetch_Site="same-origin").status == 303
    assert raw(gallery, "GET", "/api/images", Cookie=mine).status == 401


def test_signing_in_says_whose_token_is_wanted_and_afterwards_who_one_is(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    assert b"given by whoever runs this gallery" in raw(gallery, "GET", "/signin").body
    mine = sign_in(gallery, ADMIN).headers["Set-Cookie"].split(";")[0]
    page = raw(gallery, "GET", "/", Cookie=mine, Accept="text/html").body
    assert b"Signed in with the token of boss, whose role is admin" in page


def test_a_session_ends_when_its_token_is_changed(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    mine = sign_in(gallery, UPLOAD).headers["Set-Cookie"].split(";")[0]
    assert raw(gallery, "GET", "/api/images", Cookie=mine).status == 200
    gallery.stop("web")
    serve(GALLERY_TOKEN=TOKENS.replace(UPLOAD, "n" * 24))
    assert raw(gallery, "GET", "/api/images", Cookie=mine).status == 401


def test_a_session_lasts_twelve_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (token,) = parse_tokens(f"boss:admin:{ADMIN}")
    sessions = Sessions((token,), tmp_path)
    cookie, now = sessions.begin(token, secure=True), time.time()
    for hours, lives in ((11.9, True), (12.1, False)):
        monkeypatch.setattr(time, "time", lambda hours=hours: now + hours * 3600)
        assert (sessions.read(cookie, secure=True) is not None) is lives


def test_behind_tls_the_cookie_is_secure_and_worth_nothing_without_it(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_TRUSTED_PROXIES="127.0.0.1")
    answer = sign_in(gallery, ADMIN, X_Forwarded_Proto="https")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-gallery=")
    assert "Secure" in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    mine = cookie.split(";")[0]
    assert raw(gallery, "GET", "/api/images", Cookie=mine, X_Forwarded_Proto="https").status == 200
    assert raw(gallery, "GET", "/api/images", Cookie=mine).status == 401
    stolen = mine.replace("__Host-gallery", "gallery")
    assert raw(gallery, "GET", "/api/images", Cookie=stolen).status == 401


def test_a_proxy_is_believed_only_as_configured(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    answer = sign_in(gallery, ADMIN, X_Forwarded_Proto="https", X_Forwarded_For="203.0.113.9")
    assert answer.headers["Set-Cookie"].startswith("gallery=")
    assert "Strict-Transport-Security" not in answer.headers


def test_who_reaches_web_directly_is_believed_nothing(bare: Gallery) -> None:
    bare.log = bare.data.parent / "log"
    bare.start("web", "web", GALLERY_TOKEN=TOKENS, GALLERY_TRUSTED_PROXIES="127.0.0.2, 192.0.2.0/24")
    until(lambda: bare.call("GET", "/healthz").status == 200, 30)
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


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(serve: Serve, back: str) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    form = urlencode({"token": ADMIN, "next": back})
    answer = raw(gallery, "POST", "/signin", form, Content_Type="application/x-www-form-urlencoded")
    assert (answer.status, answer.headers["Location"]) == (303, "/")


def test_guessing_is_slowed_and_a_right_token_always_works(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    session = sign_in(gallery, UPLOAD).headers["Set-Cookie"].split(";")[0]
    assert [sign_in(gallery, f"guess {n}").status for n in range(10)] == [401] * 10
    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        guesses = [pool.submit(gallery.call, "GET", "/api/images", headers=bearer(f"guess {n:024}")) for n in range(8)]
        assert gallery.call("GET", "/api/images", headers=bearer(ADMIN)).status == 200
        assert raw(gallery, "GET", "/api/images", Cookie=session).status == 200
        assert sign_in(gallery, ADMIN).status == 303
        slowed = [guess.result() for guess in guesses]
    assert time.monotonic() - began > 7  # one a second
    assert {(answer.status, answer.json["code"]) for answer in slowed} == {(429, "too-many-tries")}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in slowed)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "none", "Origin": "http://evil.example"},
    ],
)
def test_an_open_gallery_is_changed_by_no_other_site(serve: Serve, headers: dict[str, str]) -> None:
    gallery = serve()
    link = put(gallery).headers["Location"]
    for method, path in (
        ("POST", "/upload"),
        ("POST", "/api/images"),
        ("DELETE", link),
        ("POST", "/api/retry-failed"),
        ("POST", link.removeprefix("/api") + "/delete"),
        ("POST", "/signout"),
    ):
        assert raw(gallery, method, path, **headers).status == 403
    assert gallery.call("GET", link).status == 200


def test_our_own_pages_may_write(serve: Serve) -> None:
    gallery = serve()
    assert put(gallery, Origin=gallery.url, Sec_Fetch_Site="same-origin").status == 201
    assert put(gallery, Origin=f"http://127.0.0.1:{gallery.port}").status == 201


@pytest.mark.parametrize(
    "settings", [{}, {"GALLERY_OPEN": "1"}, {"GALLERY_OPEN": "1", "GALLERY_HOST": "0.0.0.0"}], ids=str
)
def test_no_site_takes_the_name_of_an_open_gallery(serve: Serve, settings: dict[str, str]) -> None:
    gallery = serve(**settings)
    link = put(gallery).headers["Location"]
    rebound = {"Host": f"evil.example:{gallery.port}", "Origin": f"http://evil.example:{gallery.port}"}
    for method, path in (("GET", "/api/images"), ("DELETE", link), ("POST", "/upload"), ("GET", "/metrics")):
        answer = raw(gallery, method, path, **rebound)
        assert answer.status == 403, path
    assert b"GALLERY_HOSTS" in raw(gallery, "GET", "/api/images", **rebound).body
    for host in ("0.0.0.0", "10.244.0.7", "gallery"):
        assert raw(gallery, "GET", "/api/images", Host=host).status == 403
        assert raw(gallery, "GET", "/healthz", Host=host).status == 200  # probes ask by address
        assert raw(gallery, "GET", "/readyz", Host=host).status == 200
    for host in ("localhost", "127.0.0.1:30080", "[::1]:8080"):
        assert raw(gallery, "GET", "/api/images", Host=host).status == 200
    assert gallery.call("GET", link).status == 200


def test_an_open_gallery_answers_to_the_names_it_is_given(serve: Serve) -> None:
    gallery = serve(GALLERY_HOSTS="gallery.example", GALLERY_OPEN="1")
    assert raw(gallery, "GET", "/api/images", Host="gallery.example").status == 200
    assert raw(gallery, "GET", "/api/images", Host="localhost").status == 403


def test_web_listens_beyond_loopback_only_with_a_token_or_when_told_plainly(bare: Gallery) -> None:
    environ = {**bare.environ, "GALLERY_HOST": "0.0.0.0"}
    for module, status in (("web", 1), ("launcher", 2)):
        ended = subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environ, capture_output=True, timeout=60)
        assert ended.returncode == status
        assert b"Set GALLERY_TOKEN, or GALLERY_OPEN=1" in ended.stderr
    for name, value in (("GALLERY_TOKEN", ADMIN), ("GALLERY_OPEN", "1")):
        Settings.from_environment({**environ, name: value}).require_guard()


@pytest.mark.parametrize(
    "text",
    ["short", "phone:upload", "phone:owner:" + ADMIN, "a b:admin:" + ADMIN, f"{ADMIN},{ADMIN}", "a:read:" + "é" * 20],
)
def test_a_token_that_cannot_be_used_is_named_and_not_shown(text: str) -> None:
    with pytest.raises(BadSetting) as caught:
        parse_tokens(text)
    assert "GALLERY_TOKEN" in str(caught.value)
    assert ADMIN not in str(caught.value)


def test_secrets_show_in_no_settings_that_are_printed() -> None:
    settings = Settings.from_environment({"GALLERY_TOKEN": TOKENS})
    assert not re.search("a{24}|u{24}|r{24}", repr(settings))
    assert [token.role for token in settings.tokens] == [Role.ADMIN, Role.UPLOAD, Role.READ]


def test_pages_and_files_carry_headers_that_keep_others_out(serve: Serve) -> None:
    gallery = serve()
    original = put(gallery).json["links"]["original"]
    for path in ("/", "/api/images", original, "/nowhere", "/api/nowhere"):
        headers = gallery.call("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
    assert "sandbox" in gallery.call("GET", original).headers["Content-Security-Policy"]


def test_admins_get_a_link_to_the_dashboard(serve: Serve) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS, GALLERY_PUBLIC="1", GALLERY_DASHBOARD_URL="https://queue.example/")
    mine = sign_in(gallery, ADMIN).headers["Set-Cookie"].split(";")[0]
    assert b'href="https://queue.example/"' in raw(gallery, "GET", "/", Cookie=mine).body
    assert b"queue.example" not in gallery.call("GET", "/").body
