"""For everyone: no finding of axe-core in any state, in dark and light, from 320 pixels on, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.files import choose, pictures, throttle
from tests.pictures import picture, undecodable
from tests.product import ROOT, Gallery, prepared, until

AXE = ROOT / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Scheme = Literal["light", "dark"]
both = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Pictures, one that failed, and one that waits for ever."""
    with prepared(tmp_path_factory.mktemp("accessible")) as gallery:
        gallery.start_all()
        for n in range(24):
            gallery.until_ended(gallery.upload(picture(), f"n{n}.png").json["id"])
        gallery.until_ended(gallery.upload(undecodable("PNG", (300, 200)), "damaged.png").json["id"])
        gallery.stop("worker.1")
        gallery.stop("worker.2")
        gallery.upload(picture(), "waiting.png")
        yield gallery


# resolves once nothing has moved for some frames; what moves for ever is not waited for
_STILL = """async () => {
  const moves = (one) => one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity;
  for (let frames = 0; frames < 8; frames += 1) {
    await new Promise(requestAnimationFrame);
    if (document.getAnimations().some(moves)) frames = 0;
  }
}"""


def findings(page: Page) -> list[Any]:
    """What axe-core finds in the page as it is once it has come to rest."""
    page.evaluate(_STILL)
    page.evaluate(AXE.read_text())
    run = "(tags) => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })"
    found = page.evaluate(run, TAGS)["violations"]
    return [
        (rule["id"], [node["html"][:200] + node.get("failureSummary", "") for node in rule["nodes"][:3]])
        for rule in found
    ]


@both
def test_the_grid_and_its_bars(hung: Gallery, windows: Windows, scheme: Scheme) -> None:
    page = windows.open(hung, color_scheme=scheme)
    expect(page.locator(".tile.failed")).to_have_count(1)
    expect(page.locator(".tile.pending")).to_have_count(1)
    expect(page.locator(".afloat .banner")).to_be_visible()
    assert findings(page) == []
    page.locator(".add summary").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("checkbox").first.click()
    assert findings(page) == []
    page.get_by_role("button", name="Delete").click()
    assert findings(page) == []
    page.keyboard.press("Control+z")
    expect(page.locator(".tile.pending")).to_have_count(1)
    page.keyboard.press("Control+a")
    expect(page.get_by_role("toolbar", name="Selected pictures")).to_contain_text("26 selected")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert findings(page) == []
    page.goto(f"{hung.url}/?state=failed")
    expect(page.locator(".grid .tile.failed")).to_have_count(1)
    page.get_by_role("button", name="Select all", exact=True).click()
    assert findings(page) == []


@both
def test_the_viewer(hung: Gallery, windows: Windows, scheme: Scheme) -> None:
    page = windows.open(hung, color_scheme=scheme)
    page.locator(".tile.ready a").first.click()
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("i")
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".viewer-caption strong")).to_have_text("damaged.png")
    expect(page.locator(".pswp__item[aria-hidden='false']").get_by_role("button", name="Retry")).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".viewer-caption strong")).to_have_text("waiting.png")
    expect(page.locator(".pswp__item[aria-hidden='false'] .standing")).to_be_visible()
    assert findings(page) == []


@both
def test_uploads(hung: Gallery, windows: Windows, tmp_path: Path, scheme: Scheme) -> None:
    windows.expected = ("status of 415",)
    page = windows.open(hung, color_scheme=scheme)
    notes = tmp_path / "notes.txt"
    notes.write_text("no picture")
    throttle(page, 2_000)
    choose(page, [notes, *pictures(tmp_path / "more", 4)])
    expect(page.locator(".uploads li.refused")).to_be_visible()
    assert findings(page) == []
    throttle(page, -1)
    expect(page.locator(".uploads strong")).to_contain_text("added")
    assert findings(page) == []


@both
def test_an_empty_gallery_an_error_and_the_pages_without_script(
    bare: Gallery, windows: Windows, scheme: Scheme
) -> None:
    bare.start_redis()
    bare.start_web()
    page = windows.open(bare, color_scheme=scheme)
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
    assert findings(page) == []
    windows.expected = ("status of 404",)
    for path in ("/images/nothing", "/api/docs"):
        page.goto(bare.url + path)
        assert findings(page) == []


@both
def test_the_page_without_script(hung: Gallery, windows: Windows, scheme: Scheme) -> None:
    page = windows.page(color_scheme=scheme)
    page.route("**/assets/app-*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(hung.url)
    expect(page.locator("#still .tile").first).to_be_visible(timeout=10_000)
    assert findings(page) == []
    page.locator("#still .tile.ready a").first.click()
    page.wait_for_url("**/images/*")
    expect(page.locator("#still h1")).to_be_visible(timeout=10_000)
    assert findings(page) == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_cut_off(hung: Gallery, windows: Windows, width: int, direction: str) -> None:
    page = windows.open(hung, viewport={"width": width, "height": 640})
    page.evaluate("(dir) => { document.documentElement.dir = dir; }", direction)
    expect(page.locator(".tile").first).to_be_visible()
    cut_off = """[...document.querySelectorAll('.tile')].map((tile) => tile.getBoundingClientRect())
      .filter((box) => box.left < 0 || box.right > innerWidth).length"""
    until(lambda: page.evaluate(cut_off) == 0, 20)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("checkbox").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
