"""The operators' page in a browser: live, without a script, for everyone, and where the focus stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.browser.test_accessible import Scheme, both, findings
from tests.pictures import picture, undecodable
from tests.product import Gallery, prepared


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A gallery in which two pictures failed for one reason, and one for another."""
    with prepared(tmp_path_factory.mktemp("status")) as gallery:
        gallery.start_all()
        gallery.until_ended(gallery.upload(picture(), "good.png").json["id"])
        for n in range(2):
            gallery.until_ended(gallery.upload(undecodable("PNG", (300 + n, 200)), f"bad-{n}.png").json["id"])
        gallery.until_ended(gallery.upload(picture()[:200], "cut.png").json["id"])
        yield gallery


def test_the_page_follows_what_happens_and_keeps_the_focus(gallery: Gallery, windows: Windows) -> None:
    page = windows.open(gallery, "/status")
    expect(page.get_by_text("Nothing has failed.")).to_be_visible()
    gallery.until_ended(gallery.upload(undecodable("PNG"), "bad.png").json["id"])
    again = page.get_by_role("button", name="Retry 1: No picture can be made of this file")
    expect(again).to_be_visible()
    again.focus()
    gallery.until_ended(gallery.upload(picture()[:200], "cut.png").json["id"])
    expect(page.locator("#failures .reasons li")).to_have_count(2)
    expect(again).to_be_focused()
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    expect(page.get_by_role("status")).to_contain_text("No worker is running", timeout=60_000)
    again.press("Enter")
    expect(page.locator("#failures .reasons li")).to_have_count(1)
    expect(page.locator("#failures-title")).to_be_focused()
    expect(page.locator(".card-of").first).to_contain_text("1 waiting")


@both
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    broken: Gallery, windows: Windows, scheme: Scheme, width: int
) -> None:
    page = windows.open(broken, "/status", color_scheme=scheme, viewport={"width": width, "height": 800})
    expect(page.locator(".reasons li")).to_have_count(2)
    page.get_by_label("More", exact=True).first.click()
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Escape")
    expect(page.locator(".more .menu")).to_be_hidden()


def test_without_a_script_a_reason_is_retried_and_the_menu_leads_here(broken: Gallery, windows: Windows) -> None:
    page = windows.page(java_script_enabled=False)
    page.goto(broken.url)
    page.locator(".more summary").click()
    page.get_by_role("link", name="Status").click()
    expect(page.get_by_role("heading", name="Status", exact=True)).to_be_visible()
    page.get_by_role("button", name="Retry 1: The file is cut off").click()
    expect(page.get_by_role("heading", name="Failed 3")).to_be_visible(timeout=30_000)
