"""A long gallery: only what is near the view is in the document, and every place can be reached and returned to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bench.make_volume import make
from tests.browser.conftest import Windows
from tests.indexes import is_whole
from tests.product import Gallery, prepared, until

IMAGES = 5000
_DAY_ABOVE = """[...document.querySelectorAll('.day h2')].filter((head) => head.getBoundingClientRect().top < 63)
  .at(-1)?.querySelector('span').textContent"""


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    data = tmp_path_factory.mktemp("long")
    make(data, IMAGES, days=40)
    with prepared(data) as gallery:
        gallery.start_redis()
        gallery.start_web()
        until(lambda: is_whole(gallery), 120)
        yield gallery


def elements(page: Page) -> int:
    count: int = page.evaluate("document.querySelectorAll('*').length")
    return count


def first_seen(page: Page) -> str:
    found: str = page.evaluate(
        """() => [...document.querySelectorAll('.tile')].map((tile) => [tile.getBoundingClientRect(), tile.dataset.id])
          .filter(([box]) => box.top >= 60).sort(([a], [b]) => a.top - b.top || a.left - b.left)[0]?.[1]"""
    )
    return found


TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
_LAST_MONTH = "document.querySelector('.scrubber .ticks').lastElementChild?.getBoundingClientRect().y ?? 0"


def counted(page: Page) -> None:
    expect(page.get_by_role("slider", name="Jump to a day")).to_be_visible()


def test_the_document_stays_small_while_scrolling_through(long: Gallery, windows: Windows) -> None:
    page = windows.open(long)
    counted(page)
    most = elements(page)
    for _ in range(12):
        page.mouse.wheel(0, 2500)
        page.wait_for_timeout(150)
        most = max(most, elements(page))
    expect(page.locator(".tile.ready").first).to_be_visible()
    assert most < 2000


def test_the_scrubber_reaches_the_middle_and_the_end(long: Gallery, windows: Windows) -> None:
    page = windows.open(long)
    counted(page)
    box = page.locator(".scrubber").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert 0.4 < page.evaluate("scrollY") / height < 0.6
    until(lambda: page.locator(".tile.ready img").count() > 5, 60)
    assert elements(page) < 2000
    slider = page.get_by_role("slider")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuenow", "40")
    slider.press("PageUp")
    expect(slider).to_have_attribute("aria-valuenow", re.compile("^(9|1[0-2])$"))
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuenow", "1")


def test_a_taller_window_is_filled_and_the_months_beside_it_move_along(long: Gallery, windows: Windows) -> None:
    page = windows.open(long)
    counted(page)
    before = until(lambda: page.evaluate(_LAST_MONTH), 60)  # its place depends on the day of the month
    page.set_viewport_size({"width": 1280, "height": 3000})
    until(lambda: page.evaluate("Boolean(document.elementFromPoint(400, 2900)?.closest('.tile, .day'))"), 60)
    until(lambda: page.evaluate(_LAST_MONTH) > before * 2.8, 60)
    page.set_viewport_size({"width": 1280, "height": 600})
    until(lambda: 0 < page.evaluate(_LAST_MONTH) < 600, 60)


def test_the_name_of_the_day_stays_in_view(long: Gallery, windows: Windows) -> None:
    page = windows.open(long)
    counted(page)
    slider = page.get_by_role("slider")
    slider.press("PageDown")
    expect(slider).to_have_attribute("aria-valuenow", "31")
    page.mouse.move(640, 400)
    page.mouse.wheel(0, 700)
    until(lambda: page.evaluate(_DAY_ABOVE) == page.locator(".strip span").inner_text(), 60)
    until(lambda: not page.evaluate("document.querySelector('.strip').style.transform"), 60)
    box = page.locator(".strip").bounding_box()
    assert box is not None
    assert box["y"] == page.evaluate("document.querySelector('.bar').getBoundingClientRect().bottom")


def test_a_gallery_higher_than_a_page_can_be_is_reached_throughout(long: Gallery, windows: Windows) -> None:
    page = windows.open(long)
    counted(page)
    page.evaluate("document.querySelector('.grid').style.setProperty('--tallest', '40000')")
    page.set_viewport_size({"width": 1290, "height": 800})
    until(lambda: page.evaluate("document.documentElement.scrollHeight") < 41_000, 60)
    slider = page.get_by_role("slider")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, 799, steps=4)
    page.mouse.up()
    expect(page.get_by_alt_text("picture-0.jpg", exact=True)).to_be_in_viewport()
    expect(slider).to_have_attribute("aria-valuenow", "40")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(slider).to_have_attribute("aria-valuenow", re.compile("^(19|20|21)$"))
    until(lambda: page.locator(".tile.ready img").count() > 5, 60)
    seen = settled(page)
    place = page.evaluate("scrollY")
    top = where(page, seen)
    page.mouse.move(640, 400)
    page.mouse.wheel(0, -300)
    until(lambda: abs(where(page, seen) - top - 300) < 2, 60)
    until(lambda: page.evaluate("scrollY") not in (place, place - 300), 60)  # it rests, and was set right
    assert abs(where(page, seen) - top - 300) < 2
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.get_by_alt_text("picture-0.jpg", exact=True)).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    expect(slider).to_have_attribute("aria-valuenow", "1")
    expect(page.get_by_alt_text("picture-4999.jpg", exact=True)).to_be_in_viewport()
    for _ in range(6):
        page.mouse.wheel(0, 700)
    until(lambda: page.evaluate("scrollY") > 1500, 60)
    for _ in range(12):
        page.mouse.wheel(0, -700)
        page.evaluate(TWO_FRAMES)  # so that the page sees each turn
    until(lambda: page.evaluate("scrollY") == 0, 60)
    expect(page.get_by_alt_text("picture-4999.jpg", exact=True)).to_be_in_viewport()


def where(page: Page, image_id: str) -> float:
    """How far from the top of the window; nowhere near while it is not in the document."""
    tile = f"document.querySelector('.tile[data-id=\"{image_id}\"]')"
    top: float = page.evaluate(f"{tile}?.getBoundingClientRect().top ?? -1e6")
    return top


def settled(page: Page) -> str:
    """The first picture in view, once nothing has moved for a while."""

    def standing() -> tuple[str, float] | None:
        seen = first_seen(page)
        return (seen, where(page, seen)) if seen and where(page, seen) < 800 else None

    def rests() -> tuple[str, float] | None:
        before = standing()
        page.wait_for_timeout(400)
        return before if before and before == standing() else None

    found: tuple[str, float] = until(rests, 60)
    return found[0]


def test_the_address_keeps_the_place(long: Gallery, windows: Windows) -> None:
    page = windows.open(long)
    counted(page)
    page.get_by_role("slider").press("PageDown")
    until(lambda: page.locator(".tile.ready img").count() > 5, 60)
    seen = settled(page)
    expect(page).to_have_url(re.compile(r"\?before=0[0-9a-f-]{35}$"))
    page.reload()
    page.wait_for_selector("html.alive")
    counted(page)
    settled(page)
    assert page.locator(f".tile[data-id='{seen}']").count() == 1
    page.locator(f".tile[data-id='{seen}'] a").click()
    expect(page.get_by_role("dialog", name="Picture viewer")).to_be_visible()
    page.go_back()
    expect(page.locator(".pswp")).to_have_count(0)
    assert page.locator(f".tile[data-id='{seen}']").count() == 1
    page.goto("about:blank")
    page.go_back()
    page.wait_for_selector("html.alive")
    counted(page)
    settled(page)
    assert page.locator(f".tile[data-id='{seen}']").count() == 1


def test_the_viewer_walks_into_what_was_not_loaded(long: Gallery, windows: Windows) -> None:
    page = windows.open(long)
    counted(page)
    page.locator(".tile a").first.click()
    expect(page.locator(".viewer-caption strong")).to_be_visible()
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator(".viewer-caption strong")).to_have_text("picture-0.jpg", timeout=20_000)


def test_the_view_stays_where_it_is_when_the_first_picture_in_it_is_deleted(long: Gallery, windows: Windows) -> None:
    page = windows.open(long)
    counted(page)
    page.evaluate("scrollTo(0, 3000)")
    settled(page)
    first, beside = page.evaluate(
        """() => [...document.querySelectorAll('.tile')].map((tile) => [tile.getBoundingClientRect(), tile.dataset.id])
          .filter(([box]) => box.bottom > 64).sort(([a], [b]) => a.top - b.top || a.left - b.left)
          .slice(0, 2).map(([, id]) => id)"""
    )
    tile = page.locator(f".tile[data-id='{beside}']")
    image = page.locator(f".tile[data-id='{first}'] img")
    until(lambda: image.evaluate("(img) => img.complete"), 60)
    before = tile.bounding_box()
    long.call("DELETE", f"/api/images/{first}")
    expect(page.locator(f".tile[data-id='{first}']")).to_have_count(0)
    page.wait_for_timeout(300)
    after = tile.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 1
