"""What the pages say of themselves: compressed, and in our own words."""

from __future__ import annotations

import gzip

import pytest

from tests.conftest import Gallery, answers, picture, until

SECRET = "a-secret-of-some-length"


@pytest.fixture
def web(bare: Gallery) -> Gallery:
    """Redis and web, which asks for a token."""
    bare.start("redis", "launcher.redis")
    until(lambda: answers(bare.redis_port), 60)
    bare.start("web", "web", GALLERY_TOKEN=f"anna:admin:{SECRET}")
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    return bare


def bearer(**more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRET}", **more}


def test_pages_and_lists_go_compressed_to_those_who_take_it(web: Gallery) -> None:
    for path in ("/", "/api/openapi.json"):
        plain = web.call("GET", path, headers=bearer())
        small = web.call("GET", path, headers=bearer(**{"Accept-Encoding": "gzip"}))
        assert plain.headers["Content-Encoding"] is None
        assert small.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in small.headers["Vary"]
        assert int(small.headers["Content-Length"]) == len(small.body) < len(plain.body) / 2
        assert len(gzip.decompress(small.body)) == pytest.approx(len(plain.body), abs=40)
        none = web.call("GET", path, headers=bearer(**{"Accept-Encoding": "gzip;q=0"}))
        assert none.headers["Content-Encoding"] is None
    body = picture()
    made = web.call("POST", "/api/images?name=a.png", body, bearer()).json["id"]
    original = web.call("GET", f"/images/{made}/original", headers=bearer(**{"Accept-Encoding": "gzip"}))
    assert original.headers["Content-Encoding"] is None
    assert original.body == body


def test_what_is_not_there_is_said_in_our_words(web: Gallery) -> None:
    page = web.call("GET", "/nothing", headers=bearer())
    assert page.status == 404
    assert b"Nothing has this address" in page.body
    assert b"entered the URL manually" not in page.body
    assert web.call("GET", "/api/nothing", headers=bearer()).json["title"] == "There is nothing here"
    assert web.call("PUT", "/api/images", headers=bearer()).json["code"] == "method-not-allowed"


def test_the_api_page_states_bounds_whole_and_is_a_link_away(web: Gallery) -> None:
    docs = web.call("GET", "/api/docs", headers=bearer()).body.decode()
    assert "to ," not in docs
    assert "20 or more, a multiple of 20" in docs
    assert "1 to 500; 60 if left out" in docs
    assert b'href="/api/docs"' in web.call("GET", "/", headers=bearer()).body
