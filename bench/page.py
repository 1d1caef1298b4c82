"""The page itself on a hundred thousand images, in Chromium: first rows, the middle by the scrubber, its size."""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bench import report
from bench.common import Spread, scratch
from bench.make_volume import make
from tests.product import Gallery, prepared, until

IMAGES = 100_000
_DRAWN = "[...document.querySelectorAll('.grid .tile img')].filter((img) => img.complete && img.naturalWidth).length"
_ELEMENTS = "document.querySelectorAll('*').length"


def main() -> None:
    """Open, jump to the middle, scroll on; each round in a fresh context with an empty cache."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--volume", type=Path, default=scratch() / "page-bench-volume", help="kept between runs")
    parser.add_argument("--rounds", type=int, default=5)
    options, _ = parser.parse_known_args()
    if not options.volume.exists():
        make(options.volume, IMAGES, days=700)
    first, middle, most = [], [], 0
    with prepared(options.volume) as gallery, sync_playwright() as playwright:
        gallery.start("redis", "launcher.redis")
        gallery.start_web()
        until(lambda: gallery.call("GET", "/api/days?every=200").json["complete"], 300)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _round in range(options.rounds):
            seconds = _visit(browser, gallery)
            first.append(seconds[0])
            middle.append(seconds[1])
            most = max(most, int(seconds[2]))
        browser.close()
    figures = {"first rows, s": Spread.of(first), "the middle, s": Spread.of(middle)}
    report.save("page", {**figures, "most elements": most})
    report.table(
        "page",
        ("", "seconds"),
        [
            ["first rows drawn, nothing cached", figures["first rows, s"]],
            ["the middle by the scrubber", figures["the middle, s"]],
        ],
        f"Most elements in the document: {most}.",
    )


def _visit(browser: Browser, gallery: Gallery) -> tuple[float, float, int]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    began = time.monotonic()
    page.goto(gallery.url, wait_until="commit")
    until(lambda: page.evaluate(_DRAWN) >= 12, 60)
    first = time.monotonic() - began
    page.get_by_role("slider").wait_for(state="visible")
    most = page.evaluate(_ELEMENTS)
    box = page.locator(".scrubber").bounding_box()
    assert box is not None
    began = time.monotonic()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(lambda: page.evaluate("scrollY") > 100_000 and page.evaluate(_DRAWN) >= 12, 60)
    middle = time.monotonic() - began
    for _ in range(20):
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(60)
        most = max(most, page.evaluate(_ELEMENTS))
    context.close()
    return first, middle, most


if __name__ == "__main__":
    main()
