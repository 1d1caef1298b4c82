"""Who sends a picture sees it at once, from their own bytes, until the gallery's takes its place."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.browser.files import choose, pictures
from tests.browser.test_transparent import IS_LOADED
from tests.product import ROOT, Gallery, until

# whether the picture of a tile was ever missing or not yet drawn while one took the other's place
_WATCH = """() => {
  window.blank = 0;
  const look = () => {
    const img = document.querySelector('.tile img');
    if (!img?.complete || !img.naturalWidth || getComputedStyle(img).opacity !== '1') window.blank += 1;
    requestAnimationFrame(look);
  };
  look();
}"""

_TITLES = """() => {
  window.titles = [];
  const watched = { subtree: true, childList: true, characterData: true };
  new MutationObserver(() => titles.push(document.title)).observe(document.head, watched);
}"""


def test_the_sender_sees_the_picture_before_it_is_made(gallery: Gallery, windows: Windows, tmp_path: Path) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    page = windows.open(gallery)
    choose(page, pictures(tmp_path, 1))
    expect(page.locator(".uploads li .thumb img")).to_be_visible()
    own = page.locator(".tile.pending img")
    expect(own).to_have_attribute("src", re.compile("^blob:"))
    expect(page.locator(".tile.pending")).to_contain_text("Waiting")
    until(lambda: own.evaluate(IS_LOADED), 60)
    page.evaluate(_WATCH)
    gallery.start("worker.1", "worker")
    expect(page.locator(".tile.ready img")).to_have_attribute("src", re.compile(r"/grid\.webp"))
    page.wait_for_timeout(600)
    assert page.evaluate("blank") == 0
    expect(page.locator(".tile .badge")).to_have_count(0)


def test_what_the_browser_cannot_decode_waits_as_before(gallery: Gallery, windows: Windows, tmp_path: Path) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    path = tmp_path / "phone.heic"
    path.write_bytes((ROOT / "tests" / "cases" / "pictures" / "heic-trailing-text.heic").read_bytes())
    page = windows.open(gallery)
    choose(page, [path])
    expect(page.locator(".tile.pending .words")).to_contain_text("phone.heic")
    page.wait_for_timeout(1000)
    expect(page.locator(".tile.pending img")).to_have_count(0)


def test_the_tab_tells_how_far_it_is_and_that_it_is_done(gallery: Gallery, windows: Windows, tmp_path: Path) -> None:
    page = windows.open(gallery)
    page.evaluate(_TITLES)
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    choose(page, pictures(tmp_path, 12))
    expect(page).to_have_title("✓ 12 pictures added · Gallery")
    assert any(re.fullmatch(r"\d+ of 12 · Gallery", title) for title in page.evaluate("titles"))
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { configurable: true, get: () => false });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(page).to_have_title("Gallery")
