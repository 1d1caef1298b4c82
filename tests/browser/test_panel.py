"""The panel of uploads: what it counts, what it says aloud, when it goes, and that it moves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.files import choose, pictures, throttle
from tests.product import Gallery, until

SAID = """() => {
  window.said = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const region = (target.nodeType === 1 ? target : target.parentElement)?.closest('[aria-live]');
      const text = region?.textContent.trim();
      if (text && said.at(-1) !== text) said.push(text);
      if (region && !text) said.push('');
    }
  }).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
}"""

SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) shifts.push(entry.value);
  }).observe({ type: 'layout-shift', buffered: true });
}"""


_WHEN_ADDED = """() => {
  new MutationObserver(() => {
    const title = document.querySelector('.uploads strong')?.textContent ?? '';
    if (title.endsWith(' added')) window.addedAt ??= Date.now();
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def said(page: Page) -> list[str]:
    found: list[str] = [text for text in page.evaluate("said") if text]
    return found


def test_one_picture_added_and_one_refused_are_said_aloud_each_time(
    shared: Gallery, windows: Windows, tmp_path: Path
) -> None:
    page = windows.open(shared)
    page.evaluate(SAID)
    panel = page.locator(".uploads")
    for times in (1, 2):
        choose(page, pictures(tmp_path, 1))
        expect(panel.locator("li.added")).to_have_count(1)
        until(lambda: said(page).count("1 picture added.") == times, 60)  # noqa: B023 - called at once
        assert said(page)[-1] == "1 picture added."
        panel.get_by_role("button", name="Close").click()
        expect(panel).to_be_hidden()
        expect(panel.locator("li")).to_have_count(0)
        page.evaluate("said.push('')")
    empty = tmp_path / "empty.png"
    empty.touch()
    choose(page, [empty])
    refused = "Nothing was added. 1 refused. empty.png: The file is empty."
    until(lambda: said(page)[-1].startswith(refused), 60)
    assert said(page).count("1 picture added.") == 2


def test_a_new_batch_counts_from_the_beginning(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    page = windows.open(shared)
    panel = page.get_by_role("region", name="Uploads")
    choose(page, pictures(tmp_path / "first", 6))
    expect(panel.locator("strong")).to_have_text("6 pictures added")
    throttle(page, 2_000)
    choose(page, pictures(tmp_path / "second", 12))
    expect(panel.locator("strong")).to_contain_text("of 12")
    throttle(page, -1)
    expect(panel.locator("strong")).to_have_text("12 pictures added")
    expect(panel.locator("li")).to_have_count(12)


def test_it_goes_by_itself_after_success_and_stays_with_bad_news(
    shared: Gallery, windows: Windows, tmp_path: Path
) -> None:
    page = windows.open(shared, clock=True)
    panel = page.get_by_role("region", name="Uploads")
    page.evaluate(_WHEN_ADDED)
    choose(page, pictures(tmp_path, 2))
    expect(panel.locator("strong")).to_have_text("2 pictures added")
    page.mouse.move(10, 400)
    page.clock.pause_at((page.evaluate("addedAt") + 5000) / 1000)
    expect(panel).to_be_visible()
    page.clock.run_for(5000)
    expect(panel).to_be_hidden()
    page.clock.resume()
    empty = tmp_path / "empty.png"
    empty.touch()
    choose(page, [empty, *pictures(tmp_path, 1)])
    expect(panel.locator("strong")).to_have_text("1 picture added")
    page.clock.run_for(30_000)
    expect(panel).to_be_visible()


def test_on_a_phone_it_leaves_the_pictures_in_view(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    page = windows.open(shared, viewport={"width": 390, "height": 844})
    choose(page, pictures(tmp_path, 5))
    expect(page.locator(".uploads strong")).to_have_text("5 pictures added")
    page.locator(".uploads header").hover()  # so that it stays
    box = page.locator(".uploads").bounding_box()
    assert box is not None
    assert box["height"] < 100
    page.locator(".uploads").get_by_role("button", name="Details").click()
    expect(page.locator(".uploads li.added").first).to_be_visible()


def test_nothing_shifts_while_its_rows_come_and_go(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    windows.expected = ("status of 415",)
    paths: list[Any] = pictures(tmp_path / "good", 30)
    for n in range(3):
        paths.insert(7 * n, tmp_path / f"wrong-{n}.png")
        paths[7 * n].write_text("no picture")
    for size in ({"width": 1280, "height": 800}, {"width": 390, "height": 844}):
        page = windows.page(viewport=size)
        page.add_init_script(f"({SHIFTS})()")
        page.goto(shared.url)
        page.wait_for_selector("html.alive")
        page.wait_for_timeout(2500)
        page.evaluate("shifts.length = 0")
        throttle(page, 60_000)
        choose(page, paths)
        expect(page.locator(".uploads strong")).to_contain_text("already here" if size["width"] == 390 else "added")
        assert sum(page.evaluate("shifts")) <= 0.02
