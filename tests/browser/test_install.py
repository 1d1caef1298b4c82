"""Installed on a phone: the service worker, the page without a network, and what other programs share."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.files import pictures
from tests.browser.test_accessible import findings
from tests.browser.test_accidents import KEPT
from tests.pictures import picture
from tests.product import Gallery, until
from tests.tokens import ADMIN, READ, TOKENS, UPLOAD, bearer

NETWORK = ("Failed to load resource", "ERR_CONNECTION_REFUSED", "ERR_INTERNET_DISCONNECTED", "FetchEvent")
_SHARE = """([files, action]) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action, enctype: "multipart/form-data" });
  const input = Object.assign(document.createElement("input"), { type: "file", name: "file", multiple: true });
  const transfer = new DataTransfer();
  for (const [name, data] of files)
    transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type: "image/png" }));
  input.files = transfer.files;
  form.append(input);
  document.body.append(form);
  form.submit();
}"""


def share(page: Page, paths: list[Path], action: str = "/share") -> None:
    """Post files as the system's share sheet does for an installed app."""
    files = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths]
    with page.expect_navigation():
        page.evaluate(_SHARE, [files, action])


def findings_in_both(page: Page) -> list[Any]:
    """What axe-core finds in light and in dark."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += findings(page)
    return found


def installed(page: Page) -> None:
    """Wait until the service worker is active."""
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    until(
        lambda: page.evaluate("navigator.serviceWorker.getRegistration().then((r) => r.active.state)") == "activated",
        30,
    )


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your access token")).to_be_visible()


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Your access token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_the_worker_caches_only_the_page_for_when_there_is_no_network(gallery: Gallery, windows: Windows) -> None:
    gallery.until_ended(gallery.upload(picture(), "one.png").json["id"])
    page = windows.open(gallery)
    installed(page)
    page.reload()
    expect(page.locator(".tile.ready img")).to_be_visible()
    held = (
        "caches.open('shell').then((cache) => cache.keys()).then((all) => all.map((one) => new URL(one.url).pathname))"
    )
    paths = page.evaluate(held)
    assert sorted(path.partition("-")[0] for path in paths) == ["/assets/gallery", "/offline"]
    assert page.evaluate("caches.keys()") == ["shell"]
    windows.expected = NETWORK
    gallery.stop("web")
    page.reload()
    expect(page.get_by_role("heading", name="The gallery can’t be reached")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.button')).borderRadius") != "0px"
    assert findings_in_both(page) == []
    gallery.start_web()
    page.get_by_role("link", name="Try again").click()
    expect(page.locator(".tile.ready img")).to_be_visible()


def test_what_is_shared_is_added_once_somebody_says_so_also_without_a_network(
    gallery: Gallery, windows: Windows, tmp_path: Path
) -> None:
    page = windows.open(gallery)
    installed(page)
    # the form of another site arrives as what a phone shares does
    page.route("http://elsewhere.test/", lambda route: route.fulfill(body="Elsewhere", content_type="text/html"))
    page.goto("http://elsewhere.test/")
    share(page, pictures(tmp_path, 2), f"{gallery.url}/share")
    question = page.get_by_role("dialog", name="Add 2 shared files?")
    expect(question).to_be_visible()
    page.keyboard.press("Enter")  # what is typed as it comes up answers nothing
    assert findings_in_both(page) == []
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    assert page.evaluate(KEPT) == 2
    page.reload()
    question.get_by_role("button", name="Discard").click()
    until(lambda: page.evaluate(KEPT) == 0, 60)
    assert gallery.call("GET", "/api/images").json["images"] == []
    share(page, pictures(tmp_path, 3))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".uploads strong")).to_have_text("3 pictures added")
    expect(page).to_have_url(gallery.url + "/")
    windows.expected = NETWORK
    gallery.stop("web")
    share(page, pictures(tmp_path, 2))
    expect(page.get_by_text("2 files are kept here, and can be added")).to_be_visible()
    gallery.start_web()
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".uploads strong")).to_have_text("2 pictures added")
    expect(page.locator(".tile.ready")).to_have_count(5)


def test_what_is_shared_waits_for_whoever_signs_in(bare: Gallery, windows: Windows, tmp_path: Path) -> None:
    bare.start_redis()
    bare.start_web(GALLERY_TOKEN=TOKENS)
    page = windows.page()
    page.goto(bare.url)
    assert findings_in_both(page) == []
    sign_in(page, UPLOAD)
    page.wait_for_selector("html.alive")
    installed(page)
    windows.expected = ("status of 401",)  # what was asked before signing out may be answered after it
    sign_out(page)
    share(page, pictures(tmp_path, 2))
    sign_in(page, UPLOAD)
    expect(page.get_by_role("dialog", name="Add 2 shared files?")).to_be_visible()
    assert bare.call("GET", "/api/images", headers=bearer(UPLOAD)).json["images"] == []
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".uploads strong")).to_have_text("2 pictures added")
    sign_out(page)
    share(page, pictures(tmp_path, 1))
    sign_in(page, READ)
    expect(page.locator(".toast")).to_contain_text("1 file cannot be added")


def test_anybody_may_have_what_installs_it_and_it_says_nothing(bare: Gallery) -> None:
    bare.start("web", "web", GALLERY_TOKEN=TOKENS)
    until(lambda: bare.call("GET", "/healthz").status == 200, 60)
    manifest = bare.call("GET", "/manifest.webmanifest")
    assert manifest.headers["Content-Type"] == "application/manifest+json"
    icons = json.loads(manifest.body)["icons"]
    assert {icon["purpose"] for icon in icons} == {"any", "maskable"}
    for icon in icons:
        assert bare.call("GET", icon["src"]).headers["Content-Type"].startswith(icon["type"])
    worker = bare.call("GET", "/sw.js")
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert "no-cache" in worker.headers["Cache-Control"]
    assert "manifest-src 'self'; worker-src 'self'" in worker.headers["Content-Security-Policy"]
    assert b"Sign out" not in bare.call("GET", "/offline", headers=bearer(ADMIN)).body


def test_without_a_service_worker_the_server_takes_what_is_shared(bare: Gallery) -> None:
    bare.start_redis()
    bare.start_web(GALLERY_TOKEN=TOKENS)
    edge = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    body = edge + picture() + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert bare.call("POST", "/share", body, {**kind, **bearer(READ)}).status == 403
    assert bare.call("POST", "/share", body, {**kind, **bearer(UPLOAD)}).status == 200
    assert len(bare.call("GET", "/api/images", headers=bearer(READ)).json["images"]) == 1
