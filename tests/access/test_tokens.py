"""Tokens cannot be guessed, are not shown, and are needed beyond loopback."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.errors import BadSetting
from pipeline.settings import Settings
from pipeline.tokens import Role, parse_tokens
from tests.access.calls import Serve, raw, sign_in
from tests.conftest import ROOT, Gallery
from tests.tokens import ADMIN, TOKENS, UPLOAD, bearer


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


def test_web_listens_beyond_loopback_only_with_a_token_or_when_told_plainly(bare: Gallery) -> None:
    environ = {**bare.environ, "GALLERY_HOST": "0.0.0.0"}
    for module, status in (("web", 1), ("launcher", 2)):
        ended = subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environ, capture_output=True, timeout=60)
        assert ended.returncode == status
        assert b"Set GALLERY_TOKEN, or GALLERY_OPEN=1" in ended.stderr
    for name, value in (("GALLERY_TOKEN", ADMIN), ("GALLERY_OPEN", "1")):
        Settings.from_environment({**environ, name: value}).require_guard()
