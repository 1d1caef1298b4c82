"""Many tabs of one browser: all of them work, and one connection for events serves them all."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.test_transparent import IS_LOADED
from tests.pictures import picture
from tests.product import Gallery, until

HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def listeners(gallery: Gallery) -> int:
    found = re.search(r"^gallery_event_listeners\S* (\d+)", gallery.call("GET", "/metrics").body.decode(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def tab(gallery: Gallery, windows: Windows, first: Page) -> Page:
    page = windows.page(first.context)
    page.goto(gallery.url)
    page.wait_for_selector("html.alive")
    return page


def test_eight_tabs_all_work_with_one_connection(shared: Gallery, windows: Windows) -> None:
    until(lambda: listeners(shared) == 0, 60)
    first = windows.open(shared)
    tabs = [first, *(tab(shared, windows, first) for _ in range(7))]
    one = shared.upload(picture(), "one.png").json["id"]
    for page in tabs:
        expect(page.locator(f".tile.ready[data-id='{one}'] img")).to_be_visible()
    assert listeners(shared) == 1
    tabs[-1].locator(f".tile[data-id='{one}'] a").click()
    expect(tabs[-1].get_by_role("dialog", name="Picture viewer")).to_be_visible()
    # whoever listened is gone: another one takes over, and misses nothing
    first.close()
    two = shared.upload(picture(), "two.png").json["id"]
    for page in tabs[1:]:
        expect(page.locator(f".tile.ready[data-id='{two}']")).to_have_count(1)
    until(lambda: listeners(shared) == 1, 60)
    for page in tabs[1:]:
        image = page.locator(f".tile[data-id='{two}'] img")
        until(lambda: image.evaluate(IS_LOADED), 60)  # noqa: B023 - called at once
    shared.call("DELETE", f"/api/images/{two}")
    for page in tabs[1:]:
        expect(page.locator(f".tile[data-id='{two}']")).to_have_count(0)


def test_a_hidden_tab_lets_go_at_once_and_catches_up_when_it_is_seen(shared: Gallery, windows: Windows) -> None:
    until(lambda: listeners(shared) == 0, 20)
    page = windows.open(shared)
    until(lambda: listeners(shared) == 1, 20)
    page.evaluate(HIDE, True)
    until(lambda: listeners(shared) == 0, 20)
    other = tab(shared, windows, page)
    until(lambda: listeners(shared) == 1, 20)
    one = shared.upload(picture(), "one.png").json["id"]
    expect(other.locator(f".tile.ready[data-id='{one}']")).to_have_count(1)
    other.close()
    two = shared.upload(picture(), "two.png").json["id"]
    shared.until_ended(two)
    page.evaluate(HIDE, False)
    for image_id in (one, two):
        expect(page.locator(f".tile.ready[data-id='{image_id}']")).to_have_count(1)


def test_a_tab_that_is_born_hidden_opens_no_connection(shared: Gallery, windows: Windows) -> None:
    until(lambda: listeners(shared) == 0, 20)
    page = windows.page()
    page.add_init_script("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    page.goto(shared.url)
    page.wait_for_selector("html.alive")
    page.wait_for_timeout(2500)
    assert listeners(shared) == 0
    image_id = shared.upload(picture(), "one.png").json["id"]
    page.evaluate(HIDE, False)
    expect(page.locator(f".tile.ready[data-id='{image_id}']")).to_have_count(1)
