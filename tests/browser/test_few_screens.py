"""Shorter galleries: the last picture of a long day can be reached, and the scrubber appears only if it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from bench.make_volume import make
from tests.browser.conftest import Windows
from tests.browser.test_long import TWO_FRAMES, counted
from tests.indexes import is_whole
from tests.product import prepared, until


def test_the_last_picture_of_a_long_first_day_is_reached(
    tmp_path_factory: pytest.TempPathFactory, windows: Windows
) -> None:
    data = tmp_path_factory.mktemp("day")
    make(data, 1000)
    with prepared(data) as gallery:
        gallery.start_redis()
        gallery.start_web()
        until(lambda: is_whole(gallery), 120)
        page = windows.open(gallery)
        counted(page)

        def at_the_end() -> bool:
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            return page.get_by_alt_text("picture-0.jpg", exact=True).count() == 1

        until(at_the_end, 60)
        last = page.locator(".tile").last
        expect(last).to_have_attribute("aria-setsize", "1000")
        expect(last).to_have_attribute("aria-posinset", "1000")
        page.close()


def test_the_scrubber_comes_and_goes_at_different_heights(tmp_path: Path, windows: Windows) -> None:
    make(tmp_path / "data", 300)
    with prepared(tmp_path / "data") as gallery:
        gallery.start_redis()
        gallery.start_web()
        until(lambda: is_whole(gallery), 120)
        page = windows.open(gallery)
        counted(page)
        page.set_viewport_size({"width": 1280, "height": 20_000})  # all of them are loaded, and their heights known
        until(lambda: page.locator(".tile").count() == 300, 60)
        height = page.locator(".grid").evaluate("(grid) => grid.getBoundingClientRect().height")
        for screens, shown in ((4.2, True), (3.75, True), (3.2, False), (3.75, False)):
            page.set_viewport_size({"width": 1280, "height": round(height / screens)})
            until(lambda: page.evaluate("innerHeight") == round(height / screens), 60)  # noqa: B023 - called at once
            page.evaluate(TWO_FRAMES)
            page.wait_for_timeout(1000)
            expect(page.locator(".scrubber")).to_be_visible(visible=shown)
        page.set_viewport_size({"width": 2560, "height": 20_000})
        until(lambda: page.locator(".grid").evaluate("(grid) => grid.getBoundingClientRect().height") < height, 60)
        less = page.locator(".grid").evaluate("(grid) => grid.getBoundingClientRect().height")
        page.set_viewport_size({"width": 2560, "height": round(less / 3)})
        expect(page.locator(".scrubber")).to_be_hidden()
        page.set_viewport_size({"width": 1280, "height": round(less / 3)})
        counted(page)
        page.set_viewport_size({"width": 2560, "height": round(less / 3)})
        expect(page.locator(".scrubber")).to_be_hidden()
        page.close()
