"""A picture whose large view is still to come is a picture everywhere, and nobody has to reload for the view."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from pipeline.errors import Unrenderable
from pipeline.settings import Settings
from pipeline.store import Store
from tests.browser.conftest import Windows
from tests.conftest import Gallery
from tests.pictures import picture
from tests.stores import accept, make


def test_an_image_without_its_view_shows_its_grid_and_swaps_it(gallery: Gallery, windows: Windows) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    store = Store(Settings.from_environment(gallery.environ))
    ids = [gallery.upload(picture(size=(2000, 1200)), f"n{n}.png").json["id"] for n in range(3)]
    for image_id in ids[1:]:
        make(store, image_id, grid_only=True)
    gallery.until_listed(*ids)
    page = windows.open(gallery)
    expect(page.locator("#state")).to_contain_text("1 waiting for a picture")
    expect(page.locator("#state")).to_contain_text("2 for their large view")
    expect(page.locator(".tile.ready img")).to_have_count(2)
    page.locator(f".tile[data-id='{ids[2]}'] a").click()
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    shown = page.locator(".pswp__item[aria-hidden='false'] img.pswp__img:not(.pswp__img--placeholder)")
    expect(shown).to_have_attribute("src", re.compile(r"/grid\.webp"))
    gallery.start("worker.1", "worker")
    expect(shown).to_have_attribute("src", re.compile(r"/view\.(webp|avif)"), timeout=60_000)
    expect(page.locator("#state")).to_be_empty(timeout=60_000)


def test_a_failed_view_keeps_the_picture_and_says_why(gallery: Gallery, windows: Windows) -> None:
    store = Store(Settings.from_environment(gallery.environ))
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    image_id = accept(store, picture(size=(2000, 1200)))
    make(store, image_id, grid_only=True)
    with store.attempt(image_id, worker="test") as attempt:
        attempt.fail(Unrenderable())
    gallery.until_listed(image_id)
    page = windows.open(gallery)
    tile = page.locator(f".tile[data-id='{image_id}']")
    expect(tile.locator("img")).to_have_attribute("src", re.compile(r"/grid\.webp"))
    expect(tile.locator(".badge.remark")).to_contain_text("damaged")
    expect(page.locator("#state")).to_contain_text("1 picture failed")
    tile.locator("a").click()
    viewer = page.get_by_role("dialog", name="Picture viewer")
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    viewer.get_by_role("button", name="Retry", exact=True).press("Enter")
    expect(viewer.get_by_role("button", name="Retry", exact=True)).to_have_count(0)
    expect(viewer.locator(".viewer-caption .remark")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(page.locator("#state")).to_contain_text("1 waiting for its large view")
    expect(tile.locator("img")).to_be_visible()
    expect(tile.locator(".badge.remark")).to_have_count(0)
    gallery.start("worker.1", "worker")
    expect(page.locator("#state")).to_be_empty(timeout=60_000)
    assert gallery.call("GET", f"/api/images/{image_id}").json["state"] == "ready"
