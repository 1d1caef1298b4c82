"""A failed picture says why and offers Retry, however little room there is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.pictures import picture, undecodable
from tests.product import Gallery, prepared, until

SIZES = ((300, 900), (450, 600), (600, 600), (1600, 400), (600, 400))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Damaged pictures of all shapes among good ones."""
    with prepared(tmp_path_factory.mktemp("failed")) as gallery:
        gallery.start_all()
        for n, size in enumerate(SIZES):
            ids = [
                gallery.upload(undecodable("PNG", size), f"IMG_20260412_104233-damaged-{n}.png").json["id"],
                gallery.upload(picture("PNG", (600, 400)), f"good-{n}.png").json["id"],
            ]
            assert [gallery.until_ended(image_id)["state"] for image_id in ids] == ["failed", "ready"]
        yield gallery


# what of the name and of the reason is cut off or lies under the button
_HIDDEN = """() => [...document.querySelectorAll('.tile.failed')].flatMap((tile) => {
  const outer = tile.getBoundingClientRect();
  const button = tile.querySelector('.acts button').getBoundingClientRect();
  const why = tile.querySelector('.why, p');
  const faults = [];
  for (const part of [tile.querySelector('b'), why]) {
    const box = part.getBoundingClientRect();
    const inside = box.top >= outer.top && box.bottom <= outer.bottom - 3 && box.right <= outer.right;
    if (!inside) faults.push(`${part.className} out`);
    if (box.height < 14) faults.push(`${part.className} is ${box.height} high`);
    const beside = box.right <= button.left || box.left >= button.right;
    const apart = beside || box.bottom <= button.top || box.top >= button.bottom;
    if (!apart) faults.push(`${part.className} under the button`);
  }
  if (why.scrollHeight > why.clientHeight + 1) faults.push('the reason is cut off');
  if (button.width < 24 || button.height < 24) faults.push('a small button');
  const whole = button.left >= outer.left && button.right <= outer.right && button.bottom <= outer.bottom;
  if (!whole) faults.push('the button out');
  return faults.map((fault) => `${Math.round(outer.width)} x ${Math.round(outer.height)}: ${fault}`);
})"""


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 360, 390, 480, 768, 1280])
def test_it_says_why_at_every_width(broken: Gallery, windows: Windows, width: int, direction: str) -> None:
    page = windows.open(broken, viewport={"width": width, "height": 2400})
    page.evaluate("(dir) => { document.documentElement.dir = dir; }", direction)
    expect(page.locator(".tile.failed")).to_have_count(len(SIZES))
    until(lambda: page.evaluate(_HIDDEN) == [], 60)
    link = page.locator(".tile.failed > a").first
    assert "damaged and cannot be decoded" in (link.get_attribute("title") or "")


@pytest.mark.parametrize("width", [320, 1280])
def test_it_says_why_without_script(broken: Gallery, windows: Windows, width: int) -> None:
    page = windows.page(java_script_enabled=False, viewport={"width": width, "height": 900})
    page.goto(broken.url)
    expect(page.locator(".tile.failed")).to_have_count(len(SIZES))
    for n in range(len(SIZES)):
        tile = page.locator(".tile.failed").nth(n)
        outer, why, button = (tile.locator(part).bounding_box() for part in (":scope", "p", "button"))
        assert outer is not None
        assert why is not None
        assert button is not None
        assert why["height"] > 15
        assert outer["y"] < why["y"] < why["y"] + why["height"] <= button["y"] + 1
        assert button["y"] + button["height"] <= outer["y"] + outer["height"]


def test_a_retry_moves_nothing(broken: Gallery, windows: Windows) -> None:
    page = windows.open(broken, viewport={"width": 390, "height": 2400})
    boxes = "[...document.querySelectorAll('.tile')].map((tile) => tile.style.cssText)"
    expect(page.locator(".tile.failed")).to_have_count(len(SIZES))
    before = page.evaluate(boxes)
    broken.stop("worker.1")
    broken.stop("worker.2")
    page.locator(".tile.failed button", has_text="Retry").first.click()
    expect(page.locator(".tile.pending")).to_have_count(1)
    assert page.evaluate(boxes) == before
    broken.start("worker.1", "worker")
    expect(page.locator(".tile.failed")).to_have_count(len(SIZES), timeout=60_000)
    assert page.evaluate(boxes) == before


def only_failed(page: Page) -> None:
    expect(page.locator(".tile.failed")).to_have_count(len(SIZES))
    expect(page.locator(".tile")).to_have_count(len(SIZES))


def test_those_that_failed_are_a_link_away_and_are_handled_one_by_one_and_all_at_once(
    broken: Gallery, windows: Windows
) -> None:
    page = windows.open(broken)
    page.get_by_role("link", name=f"{len(SIZES)} pictures failed").click()
    expect(page).to_have_url(re.compile(r"/\?state=failed$"))
    page.wait_for_selector("html.alive")
    expect(page.get_by_role("heading", name="Failed pictures")).to_be_visible()
    only_failed(page)
    for tile in page.locator(".tile.failed").all():
        expect(tile).to_contain_text("damaged and cannot be decoded")
    # one that fails again says so
    page.locator(".tile.failed").first.get_by_role("button", name=re.compile("^Retry")).click()
    expect(page.locator(".toasts")).to_contain_text("failed again: The file is damaged", timeout=60_000)
    only_failed(page)
    page.get_by_role("button", name="Select all", exact=True).click()
    toolbar = page.get_by_role("toolbar", name="Selected pictures")
    expect(toolbar.locator("strong")).to_have_text(f"{len(SIZES)} selected")
    toolbar.get_by_role("button", name="Retry").click()
    expect(page.locator(".toasts")).to_contain_text(f"{len(SIZES)} pictures failed again", timeout=60_000)
    until(lambda: len(broken.call("GET", "/api/ids?state=failed").json["ids"]) == len(SIZES), 60)
    only_failed(page)
    page.get_by_role("button", name="Select all", exact=True).click()
    with page.expect_download() as download:
        toolbar.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith(".zip")
    page.get_by_role("button", name="Select all", exact=True).click()
    toolbar.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Nothing has failed")).to_be_visible()
    page.keyboard.press("Control+z")
    only_failed(page)
    page.get_by_role("link", name="All pictures").click()
    page.wait_for_selector("html.alive")
    expect(page.locator(".tile.ready").first).to_be_visible()


def test_those_that_failed_are_listed_without_script(broken: Gallery, windows: Windows) -> None:
    page = windows.page(java_script_enabled=False)
    page.goto(broken.url)
    page.get_by_role("link", name="Show them").click()
    only_failed(page)
    page.get_by_role("link", name="All pictures").click()
    expect(page.locator(".tile")).to_have_count(2 * len(SIZES))
