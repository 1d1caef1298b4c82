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
        for n in range(23):
            gallery.until_ended(gallery.upload(picture(), f"n{n}.png").json["id"])
        gallery.until_ended(gallery.upload(picture("JPEG", (2400, 1600)), "large.jpg").json["id"])
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


# the controls in view that a finger finds on fewer than 44 pixels; not tiles, over which something may float
_SMALL = """() => [...document.querySelectorAll('a:not(.tile > a), button, summary, input')].filter((one) => {
  const box = one.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const isOut = (left, top) => left < 0 || top < 0 || left >= innerWidth || top >= innerHeight;
  const isHit = (left, top) => isOut(left, top) || one.contains(document.elementFromPoint(left, top));
  const reach = (across, along) => {
    let n = 0;
    while (n < 44 && isHit(x + across * (n + 1), y + along * (n + 1))) n += 1;
    return n;
  };
  if (isOut(x, y) || !isHit(x, y)) return false;
  return reach(-1, 0) + reach(1, 0) < 43 || reach(0, -1) + reach(0, 1) < 43;
}).map((one) => one.outerHTML.slice(0, 160))"""


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
    expect(page.locator("#still .tile").first).to_be_visible()
    assert findings(page) == []
    page.locator("#still .tile.ready a").first.click()
    page.wait_for_url("**/images/*")
    expect(page.locator("#still h1")).to_be_visible()
    assert findings(page) == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_cut_off(hung: Gallery, windows: Windows, width: int, direction: str) -> None:
    page = windows.open(hung, viewport={"width": width, "height": 640})
    page.evaluate("(dir) => { document.documentElement.dir = dir; }", direction)
    expect(page.locator(".tile").first).to_be_visible()
    cut_off = """[...document.querySelectorAll('.tile')].map((tile) => tile.getBoundingClientRect())
      .filter((box) => box.left < 0 || box.right > innerWidth).length"""
    until(lambda: page.evaluate(cut_off) == 0, 60)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("checkbox").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_no_page_is_wider_than_a_small_phone(hung: Gallery, windows: Windows, script: bool) -> None:
    windows.expected = ("status of 404",)
    page = windows.page(viewport={"width": 320, "height": 640}, java_script_enabled=script)
    picture_page = f"/images/{hung.call('GET', '/api/images?limit=1').json['images'][0]['id']}"
    paths = ("/?q=nowhere", "/?state=failed", "/trash", "/status", "/api/docs", "/images/nothing", "/offline")
    for path in ("/", *paths, picture_page):
        page.goto(hung.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_a_finger_of_44_pixels_hits_every_control(hung: Gallery, windows: Windows, tmp_path: Path) -> None:
    windows.expected = ("status of 415",)
    page = windows.open(hung, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    for path in ("/", "/?state=failed", "/trash", "/status"):
        page.goto(hung.url + path)
        page.wait_for_selector("html.alive")
        page.evaluate(_STILL)
        assert page.evaluate(_SMALL) == [], path
    page.goto(hung.url)
    page.wait_for_selector("html.alive")
    notes = tmp_path / "notes.txt"
    notes.write_text("no picture")
    choose(page, [notes, *pictures(tmp_path / "more", 2)])
    expect(page.locator(".uploads li.added")).to_have_count(2)
    expect(page.locator(".uploads li.added").first).to_have_css("box-shadow", "none")
    page.evaluate(_STILL)
    assert page.evaluate(_SMALL) == []
    large = hung.call("GET", "/api/images?state=ready&limit=1").json["images"][0]["id"]
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{hung.url}/images/{large}")
        expect(page.locator(".pswp__top-bar .pswp__button:visible")).to_have_count(7)
        page.evaluate(_STILL)
        assert page.evaluate(_SMALL) == [], width
