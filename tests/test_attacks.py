"""A scripted attacker gets nowhere. Tokens, sessions and other sites' calls are in test_access, the dashboard in
test_dashboard, pictures made to hurt a decoder in the render tests."""

from __future__ import annotations

import http.client
import http.server
import io
import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.conftest import CHROMIUM, Gallery, free_port, picture, until
from tests.pictures import undecodable
from tests.product import prepared

SCRIPT = b"document.title='owned'"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Web alone, one for all: what it refuses needs no worker, and must leave nothing behind."""
    with prepared(tmp_path_factory.mktemp("data")) as gallery:
        gallery.start("web", "web", GALLERY_SLOW_SECONDS="3")
        until(lambda: gallery.call("GET", "/readyz").status == 200, 30)
        yield gallery


def kept(gallery: Gallery) -> list[str]:
    """What lies on the volume of uploads, finished or not."""
    return [
        name for folder in ("incoming", "pending", "images", "failed") for name in os.listdir(gallery.data / folder)
    ]


def speak(gallery: Gallery, data: bytes, source: str = "127.0.0.1") -> bytes:
    """Send raw bytes and read all that comes back."""
    with socket.create_connection(("127.0.0.1", gallery.port), 30, source_address=(source, 0)) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionError:
            pass
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


@pytest.mark.parametrize(
    "data",
    [
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"MZ\x90\x00" + bytes(60),
        b"\x7fELF" + bytes(60),
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(60),
        b"#!/bin/sh\nrm -rf /\n",
        b"\x1f\x8b\x08" + bytes(60),
        b"II*\x00" + bytes(60),
        b"%!PS-Adobe-3.0\n",
        b"push graphic-context\nviewbox 0 0 640 480\n",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"BM" + bytes(60),
    ],
    ids=lambda data: repr(data[:8]),
)
def test_what_is_no_picture_is_refused_whatever_it_calls_itself(web: Gallery, data: bytes) -> None:
    for name, kind in (("a.jpg", "image/jpeg"), ("a.png", "image/png"), ("a.gif.svg", "image/svg+xml")):
        answer = web.call("POST", f"/api/images?name={name}", data, {"Content-Type": kind})
        assert (answer.status, answer.json["code"]) == (415, "not-an-accepted-format")
        assert web.upload(data, name).status == 415
    assert kept(web) == []


def polyglots() -> dict[str, bytes]:
    """Pictures that are a script or a page as well."""
    gif = io.BytesIO()
    Image.new("P", (10799, 10)).save(gif, "GIF")  # its width, 0x2a2f, reads as the beginning of a comment
    whole = gif.getvalue()
    script = whole[:6] + b"/*" + whole[8:] + b"*/=1;" + SCRIPT + b"//"
    jpeg = picture("JPEG", comment=b"--><script>" + SCRIPT + b"</script><!--")
    text = zlib.crc32(b"tEXtC\0<script>" + SCRIPT + b"</script>")
    chunk = b"tEXtC\0<script>" + SCRIPT + b"</script>"
    png = picture("PNG")
    png = png[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", text) + png[33:]
    return {
        "gif.js": script,
        "jpeg.html": jpeg,
        "png.php": png + b"<?php system($_GET[0]); ?>",
        "zip.jpg": picture("JPEG") + b"PK\x03\x04" + bytes(30),
    }


def test_in_a_polyglot_nothing_can_run(gallery: Gallery) -> None:
    for name, data in polyglots().items():
        sent = gallery.upload(data, name)
        assert sent.status == 201, name
        record = gallery.until_ended(sent.json["id"])
        assert record["state"] == "ready", record["reason"]
        original = gallery.call("GET", record["links"]["original"])
        assert original.body == data
        assert original.headers["Content-Type"] == f"image/{record['format']}"
        assert original.headers["X-Content-Type-Options"] == "nosniff"
        assert original.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert original.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        for rendition in ("grid", "view"):
            made = gallery.call("GET", record["links"][rendition]).body
            assert b"owned" not in made
            assert b"script" not in made
            assert b"php" not in made
    assert not list(gallery.data.glob("images/**/*.js"))
    assert not list(gallery.data.glob("images/**/*.php"))


class _Evil(http.server.BaseHTTPRequestHandler):
    """Another site, whose page tries what a page can."""

    page = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def evil() -> Iterator[int]:
    port = free_port()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _Evil)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="chromium is not installed")
def test_another_sites_page_can_do_nothing_in_a_real_browser(gallery: Gallery, evil: int, browser: Browser) -> None:
    image_id = gallery.upload(polyglots()["gif.js"], "a.gif").json["id"]
    gallery.until_ended(image_id)
    failed = gallery.until_ended(gallery.upload(undecodable(), "broken.jpg").json["id"])
    url = gallery.url
    _Evil.page = f"""<title>evil</title><script src="{url}/images/{image_id}/original"></script>
    <img id=framed src="{url}/images/{image_id}/grid.webp" onload="document.title='seen'">
    <iframe id=frame src="{url}/"></iframe><iframe name=sink></iframe>
    <form method=post target=sink action="{url}/images/{image_id}/delete"></form>
    <form method=post target=sink action="{url}/retry-failed"></form>
    <form method=post target=sink enctype=multipart/form-data action="{url}/upload"></form>
    <form method=post target=sink enctype=text/plain action="{url}/api/images"><input name=a value=b></form>
    <script>
    for (const form of document.forms) form.submit();
    const tries = [["DELETE", "/api/images/{image_id}"], ["POST", "/api/retry-failed"], ["POST", "/api/images"],
      ["GET", "/api/images"]].flatMap(([method, path]) => ["no-cors", "cors"].map(mode => [method, path, mode]));
    const attempt = ([method, path, mode]) =>
      fetch("{url}" + path, {{method, mode, credentials: "include", body: method === "POST" ? "x" : undefined}})
        .then(answer => answer.text()).then(text => {{ if (text) document.title = "read"; }});
    Promise.allSettled(tries.map(attempt)).then(() => document.body.id = "done");
    </script>""".encode()
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://localhost:{evil}/")
        page.wait_for_selector("#done", timeout=30_000)
        page.wait_for_timeout(500)
        assert page.title() == "evil"
        frames = [frame for frame in page.frames if frame.url.startswith(url)]
        assert all("Gallery" not in frame.content() for frame in frames)
        page.goto(f"{url}/images/{image_id}/original")
        assert "owned" not in page.title()
    records = gallery.call("GET", "/api/images").json["images"]
    assert sorted(record["id"] for record in records) == sorted([image_id, failed["id"]])
    assert gallery.call("GET", f"/api/images/{failed['id']}").json["finished_at"] == failed["finished_at"]


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


POST = b"POST /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HEAD = b"GET /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"


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
    until(lambda: kept(web) == [], 10)


def test_other_methods_do_nothing(web: Gallery) -> None:
    link = web.call("POST", "/api/images", picture()).headers["Location"]
    for method in ("PUT", "PATCH", "TRACE", "PROPFIND", "CONNECT"):
        assert web.call(method, link).status in (400, 405, 501)
    overridden = {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
    assert web.call("GET", f"{link}?_method=DELETE", headers=overridden).status == 200
    assert web.call("GET", link).status == 200
    assert web.call("DELETE", link).status == 204


def test_slow_bodies_from_200_connections_starve_nobody_and_are_cut_off(bare: Gallery) -> None:
    bare.start("web", "web", GALLERY_WEB_THREADS="240", GALLERY_CLIENT_CONNECTIONS="210", GALLERY_SLOW_SECONDS="6")
    until(lambda: bare.call("GET", "/readyz").status == 200, 30)
    head = POST + b"Content-Length: 100000\r\n\r\n\x89PNG\r\n\x1a\n"
    slow = [socket.create_connection(("127.0.0.1", bare.port), 30, source_address=("127.0.0.2", 0)) for _ in range(200)]
    ended = threading.Event()

    def drip() -> None:
        while not ended.wait(1):
            for connection in slow:
                try:
                    connection.send(b"a")
                except OSError:
                    continue

    dripping = threading.Thread(target=drip)
    try:
        for connection in slow:
            connection.sendall(head)
        dripping.start()
        with ThreadPoolExecutor(8) as pool:
            files = [picture() for _ in range(40)]
            began = time.monotonic()
            assert [answer.status for answer in pool.map(bare.upload, files)] == [201] * 40
            assert time.monotonic() - began < 60

        def all_cut() -> bool:
            return len(os.listdir(bare.data / "incoming")) == 0

        until(all_cut, 90)  # although each still sends a byte a second
    finally:
        ended.set()
        if dripping.ident is not None:
            dripping.join()
        for connection in slow:
            connection.close()
    assert len(bare.call("GET", "/api/images?limit=100").json["images"]) == 40


def test_slow_headers_are_cut_off(bare: Gallery) -> None:
    bare.start("web", "web", GALLERY_SLOW_SECONDS="2")
    until(lambda: bare.call("GET", "/readyz").status == 200, 30)
    with closing(socket.create_connection(("127.0.0.1", bare.port), 30)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")

        def cut() -> bool:
            time.sleep(0.5)
            try:
                connection.sendall(b"a")
                connection.setblocking(False)
                return connection.recv(1) == b""
            except BlockingIOError:
                return False
            except OSError:
                return True
            finally:
                connection.setblocking(True)

        until(cut, 20)


def test_one_address_takes_only_its_share_of_connections(bare: Gallery) -> None:
    bare.start("web", "web", GALLERY_CLIENT_CONNECTIONS="20")
    until(lambda: bare.call("GET", "/readyz").status == 200, 30)
    held = [socket.create_connection(("127.0.0.1", bare.port), 30, source_address=("127.0.0.3", 0)) for _ in range(20)]
    for connection in held:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    try:
        time.sleep(0.5)
        assert status(speak(bare, HEAD + b"\r\n", source="127.0.0.3")) == 429
        assert bare.call("GET", "/api/images").status == 200
    finally:
        for connection in held:
            connection.close()
    until(lambda: status(speak(bare, HEAD + b"\r\n", source="127.0.0.3")) == 200, 10)


def test_behind_a_proxy_callers_are_told_apart_by_what_it_says(bare: Gallery) -> None:
    bare.start(
        "web", "web", GALLERY_TRUSTED_PROXIES="127.0.0.1", GALLERY_CLIENT_CONNECTIONS="3", GALLERY_SLOW_SECONDS="20"
    )
    until(lambda: bare.call("GET", "/readyz").status == 200, 30)
    head = POST + b"X-Forwarded-For: 203.0.113.7\r\nContent-Length: 9000\r\n\r\n\x89PNG\r\n\x1a\n"
    held = [socket.create_connection(("127.0.0.1", bare.port), 30) for _ in range(3)]
    try:
        for connection in held:
            connection.sendall(head)
        until(lambda: len(os.listdir(bare.data / "incoming")) == 3, 10)
        mine = bare.call("GET", "/api/images", headers={"X-Forwarded-For": "203.0.113.7"})
        assert (mine.status, mine.json["code"], mine.headers["Retry-After"]) == (429, "too-many-at-once", "2")
        assert bare.call("GET", "/api/images", headers={"X-Forwarded-For": "203.0.113.8"}).status == 200
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize("redis", [True, False], ids=["redis", "no redis"])
def test_callers_are_held_to_their_rate_and_told_when_to_come_again(bare: Gallery, redis: bool) -> None:
    if redis:
        bare.start("redis", "launcher.redis")
    bare.start("web", "web", GALLERY_UPLOADS_PER_MINUTE="5", GALLERY_REQUESTS_PER_MINUTE="50")
    until(lambda: bare.call("GET", "/readyz").status == 200, 30)
    answers = [bare.upload(picture()) for _ in range(7)]
    assert [answer.status for answer in answers] == [201] * 5 + [429] * 2
    assert answers[-1].json["code"] == "too-many-requests"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert bare.call("GET", "/api/images").status == 200
    assert [bare.call("GET", "/api/images").status for _ in range(60)][-1] == 429
    assert bare.call("GET", "/healthz").status == 200


def test_a_picture_that_unpacks_to_terabytes_is_refused_by_its_header(web: Gallery) -> None:
    header = struct.pack(">IIBBBBB", 0x7FFFFFFF, 0x7FFFFFFF, 8, 6, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    answer = web.call("POST", "/api/images", bomb)
    assert (answer.status, answer.json["code"]) in ((422, "too-many-pixels"), (422, "broken-header"))
    assert kept(web) == []


def test_answers_tell_nothing_of_the_inside(web: Gallery) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    connection.request("GET", "/api/nowhere")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert "Python" not in str(answer.headers)
    assert "X-Powered-By" not in answer.headers
