"""What happens elsewhere shows by itself."""

from __future__ import annotations

import re
import signal

from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.pictures import picture, undecodable
from tests.product import Gallery, until

SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries())
      window.shifts.push([value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 120))]);
  }).observe({ type: "layout-shift", buffered: true });
}"""


def tile(page: Page, image_id: str, state: str = "") -> None:
    expect(page.locator(f".tile{state}[data-id='{image_id}']")).to_have_count(1, timeout=60_000)


def test_a_tile_appears_in_another_window_and_turns_into_the_picture(gallery: Gallery, windows: Windows) -> None:
    gallery.stop("worker.1")
    gallery.stop("worker.2")
    page = windows.open(gallery)
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
    image_id = gallery.upload(picture(), "new.png").json["id"]
    tile(page, image_id, ".pending")
    expect(page.locator(".tile.pending")).to_contain_text("Waiting")
    expect(page.locator("#state")).to_contain_text("1 waiting")
    gallery.start("worker.1", "worker")
    tile(page, image_id, ".ready")
    expect(page.locator("#state")).to_be_empty()
    gallery.call("DELETE", f"/api/images/{image_id}")
    expect(page.locator(".tile")).to_have_count(0)
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()


def test_nothing_shifts_while_thumbnails_arrive(shared: Gallery, windows: Windows) -> None:
    page = windows.page()
    page.add_init_script(f"({SHIFTS})()")
    page.goto(shared.url)
    page.wait_for_selector("html.alive")
    ids = [shared.upload(picture(size=(300, 240)), "0.png").json["id"]]
    tile(page, ids[0])  # it hears of each as it comes
    ids += [shared.upload(picture(size=(300 + 60 * (n % 4), 240)), f"{n}.png").json["id"] for n in range(1, 40)]
    for image_id in ids:
        shared.until_ended(image_id)
    tile(page, ids[-1], ".ready")
    page.evaluate("scrollTo(0, 400)")
    page.wait_for_timeout(500)
    more = [shared.upload(picture(), "more-0.png").json["id"]]
    told = page.locator(".added")
    expect(told).to_be_visible()
    box = told.bounding_box()
    more += [shared.upload(picture(), f"more-{n}.png").json["id"] for n in range(1, 20)]
    expect(told).to_have_text(re.compile(r"↑2\d added"))
    later = told.bounding_box()
    assert box is not None
    assert later is not None
    assert later["x"] == box["x"], "the button moved as its count grew"
    shared.until_ended(more[-1])
    page.wait_for_timeout(1000)
    assert page.evaluate("scrollY") > 400
    assert page.evaluate("shifts") == []


def test_a_failed_tile_says_why_and_is_retried(shared: Gallery, windows: Windows) -> None:
    page = windows.open(shared)
    image_id = shared.upload(undecodable("PNG", (300, 200)), "damaged.png").json["id"]
    tile(page, image_id, ".failed")
    expect(page.locator(f"[data-id='{image_id}']")).to_contain_text("damaged")
    expect(page.locator("#state")).to_contain_text("1 picture failed")
    before = shared.call("GET", f"/api/images/{image_id}").json["finished_at"]
    page.get_by_role("button", name="Retry damaged.png").click()
    until(lambda: shared.until_ended(image_id)["finished_at"] not in (None, before), 60)
    tile(page, image_id, ".failed")
    page.locator("#state").get_by_role("button", name="Retry all").click()
    tile(page, image_id, ".failed")
    shared.call("DELETE", f"/api/images/{image_id}")


def test_without_web_the_page_says_so_and_follows_once_it_is_back(gallery: Gallery, windows: Windows) -> None:
    windows.expected = (
        "ERR_CONNECTION_REFUSED",
        "ERR_CONNECTION_RESET",
        "ERR_INCOMPLETE_CHUNKED_ENCODING",
        "ERR_EMPTY_RESPONSE",
        "fetching the script",
    )
    page = windows.open(gallery)
    expect(page.locator(".uploads")).to_have_count(1)  # all of the page is loaded
    gallery.stop("web", signal.SIGKILL)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when the tab is looked at again
    expect(page.locator(".afloat")).to_contain_text("The gallery can’t be reached. Trying again…")
    gallery.start_web()
    expect(page.locator(".afloat")).to_be_empty()
    tile(page, gallery.upload(picture(), "after.png").json["id"], ".ready")


def test_without_redis_the_page_says_so_and_follows_all_the_same(gallery: Gallery, windows: Windows) -> None:
    windows.expected = ("status of 503", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE")
    page = windows.open(gallery)
    gallery.stop("redis", signal.SIGKILL)
    expect(page.locator(".afloat")).to_contain_text("The queue can’t be reached", timeout=60_000)
    image_id = gallery.upload(picture(), "meanwhile.png").json["id"]
    tile(page, image_id, ".pending")
    gallery.start("redis", "launcher.redis")
    tile(page, image_id, ".ready")
    expect(page.locator(".afloat")).to_be_empty(timeout=60_000)
