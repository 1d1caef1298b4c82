"""Requests that no client of ours would send are refused, and the service goes on."""

from __future__ import annotations

import http.client
import http.server
from collections.abc import Iterator

import pytest

from tests.conftest import Gallery, picture, until
from tests.product import web_alone
from tests.raw_http import HEAD, POST, kept, speak, status


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Web alone, one for all: what it refuses needs no worker, and must leave nothing behind."""
    with web_alone(tmp_path_factory.mktemp("data"), GALLERY_SLOW_SECONDS="3") as gallery:
        yield gallery


@pytest.mark.parametrize(
    "trick",
    [
        "..", ".", "%2e%2e", "..%2f..%2fetc%2fpasswd", "..%5c..", "%00", "a%00b", "%c0%ae%c0%ae", "..;", "*", "~",
        "0197a3c0-0000-7000-8000-0123456789ab%2f..", "0197a3c0-0000-7000-8000-0123456789AB",
        "０197a3c0-0000-7000-8000-0123456789ab",
        "0197a3c0-0000-7000-8000-0123456789ab%0a", "a" * 3000,
    ],
)  # fmt: skip
def test_a_trick_in_an_id_finds_nothing(web: Gallery, trick: str) -> None:
    path = "".join(c if c.isascii() else "".join(f"%{b:02x}" for b in c.encode()) for c in trick)
    for method, place in (
        ("GET", f"/api/images/{path}"),
        ("DELETE", f"/api/images/{path}"),
        ("POST", f"/api/images/{path}/retry"),
        ("GET", f"/images/{path}"),
        ("GET", f"/images/{path}/original"),
        ("GET", f"/images/{path}/grid.webp"),
        ("POST", f"/images/{path}/delete"),
        ("GET", f"/assets/{path}"),
        ("GET", f"/static/{path}"),
    ):
        answer = speak(web, f"{method} {place} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        assert status(answer) in (303, 308, 400, 404, 405), place
        assert b"root:" not in answer
        assert b"Traceback" not in answer
    assert web.call("GET", f"/api/images?before={path}").status in (400, 404)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (HEAD + b"X-Long: " + b"a" * 100_000 + b"\r\n\r\n", {400, 431}),
        (HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(1000)) + b"\r\n", {400, 431}),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", {400, 414}),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", {400}),
        (POST + b"Content-Length: -1\r\n\r\n", {400}),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", {400}),
        (HEAD + b"X-Folded: a\r\n b\r\n\r\n", {400}),
        (HEAD + b"X-Bad\x00: a\r\n\r\n", {400}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", {0, 400}),
        (HEAD + b"SCRIPT_NAME: /evil\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n\r\n", {200}),
    ],
    ids=["long header", "many headers", "long path", "length and chunks", "two lengths", "negative", "bad chunk",
         "folded", "null", "tls", "forwarded"],
)  # fmt: skip
def test_a_malformed_request_is_refused_and_the_service_goes_on(
    web: Gallery, request_: bytes, expected: set[int]
) -> None:
    answer = speak(web, request_)
    assert status(answer) in expected
    assert b"evil" not in answer
    assert web.call("GET", "/healthz").status == 200
    assert kept(web) == []


def test_a_form_of_endless_parts_is_refused(web: Gallery) -> None:
    edge = "x" * 20
    part = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n\r\n'
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    answer = web.call("POST", "/upload", (part * 5000 + f"--{edge}--").encode(), headers)
    assert answer.status == 413
    field = f'--{edge}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{"a" * 5_000_000}\r\n--{edge}--'
    assert web.call("POST", "/upload", field.encode(), headers).status == 413
    until(lambda: kept(web) == [], 60)


def test_other_methods_do_nothing(web: Gallery) -> None:
    link = web.call("POST", "/api/images", picture()).headers["Location"]
    for method in ("PUT", "PATCH", "TRACE", "PROPFIND", "CONNECT"):
        assert web.call(method, link).status in (400, 405, 501)
    overridden = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
    assert web.call("GET", f"{link}?_method=DELETE", headers=overridden).status == 200
    assert web.call("GET", link).status == 200
    assert web.call("DELETE", link).status == 204


def test_answers_tell_nothing_of_the_inside(web: Gallery) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    connection.request("GET", "/api/nowhere")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert "Python" not in str(answer.headers)
    assert "X-Powered-By" not in answer.headers
