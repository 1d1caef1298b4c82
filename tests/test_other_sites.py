"""Another site's page, in a real browser, can do nothing. What it may call is in tests/access/test_cross_site.py."""

from __future__ import annotations

import http.client
import http.server
import os
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.conftest import CHROMIUM, Gallery, free_port
from tests.pictures import undecodable
from tests.polyglots import polyglots


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
