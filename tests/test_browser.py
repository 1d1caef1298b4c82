"""The gallery in a real browser."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import Gallery, picture

CHROMIUM = shutil.which("chromium")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="chromium is not installed")
def test_a_person_uploads_and_sees_the_thumbnails(gallery: Gallery, tmp_path: Path) -> None:
    paths = []
    for number in range(3):
        path = tmp_path / f"picture-{number}.png"
        path.write_bytes(picture())
        paths.append(path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(gallery.url)
        page.get_by_label("Pictures").set_input_files(paths)
        page.get_by_role("button", name="Upload").click()
        expect(page.locator(".tile.ready img")).to_have_count(3, timeout=30_000)
        page.locator(".tile.ready img").first.click()
        expect(page.get_by_role("heading", name="picture-2.png")).to_be_visible()
        browser.close()
    assert complaints == []
