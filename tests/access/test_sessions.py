"""Signing in and out, and how long a session lasts."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from pipeline.tokens import parse_tokens
from tests.access.calls import Serve, raw, sign_in
from tests.tokens import ADMIN, TOKENS, UPLOAD
from web.access.sessions import Sessions


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


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(serve: Serve, back: str) -> None:
    gallery = serve(GALLERY_TOKEN=TOKENS)
    form = urlencode({"token": ADMIN, "next": back})
    answer = raw(gallery, "POST", "/signin", form, Content_Type="application/x-www-form-urlencoded")
    assert (answer.status, answer.headers["Location"]) == (303, "/")


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
