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
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        path = tmp_path / f"picture.{kind.lower()}"
        path.write_bytes(picture(kind))
        paths.append(path)
    paths.append(tmp_path / "notes.txt")
    paths[-1].write_text("not a picture")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        page = browser.new_page(java_script_enabled=False)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(gallery.url)
        page.get_by_label("Pictures").set_input_files(paths)
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_role("alert")).to_contain_text("notes.txt: This is not a picture we accept.")
        page.get_by_role("link", name="Gallery").click()
        expect(page.locator(".tile.ready img")).to_have_count(4, timeout=30_000)
        page.locator(".tile.ready img").first.click()
        expect(page.get_by_role("heading", name="picture.webp")).to_be_visible()
        browser.close()
    assert complaints == []
