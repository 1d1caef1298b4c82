"""Every file that was chosen ends with a verdict, and none keeps the others waiting."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.browser.files import choose, pictures, throttle
from tests.product import Gallery, prepared


def test_an_empty_file_is_refused_at_once_and_holds_nothing_up(
    shared: Gallery, windows: Windows, tmp_path: Path
) -> None:
    paths = pictures(tmp_path, 3)
    empty = tmp_path / "empty.jpg"
    empty.touch()
    page = windows.open(shared)
    choose(page, [empty, *paths])
    panel = page.get_by_role("region", name="Uploads")
    expect(panel.locator("li.refused")).to_contain_text("The file is empty")
    expect(panel.locator("strong")).to_have_text("3 pictures added")


def test_a_file_that_was_taken_away_meanwhile_is_refused_and_holds_nothing_up(
    shared: Gallery, windows: Windows, tmp_path: Path
) -> None:
    windows.expected = ("ERR_FILE_NOT_FOUND", "ERR_UPLOAD_FILE_CHANGED")
    paths = pictures(tmp_path, 6)
    page = windows.open(shared)
    throttle(page, 300)
    choose(page, paths)
    expect(page.locator(".uploads li.sending").first).to_be_visible()
    paths[5].unlink()
    throttle(page, -1)
    panel = page.get_by_role("region", name="Uploads")
    expect(panel.locator("strong")).to_have_text("5 pictures added")
    expect(panel.locator("li.refused")).to_contain_text("can’t be read any more")


def test_a_gallery_that_is_busy_is_waited_for_and_not_called_unreachable(tmp_path: Path, windows: Windows) -> None:
    windows.expected = ("status of 429",)
    (tmp_path / "data").mkdir()
    with prepared(tmp_path / "data", GALLERY_UPLOADS_PER_MINUTE="6") as gallery:
        gallery.start_all()
        page = windows.open(gallery)
        choose(page, pictures(tmp_path / "files", 12))
        panel = page.get_by_role("region", name="Uploads")
        expect(panel.locator(".sub")).to_contain_text("The gallery is busy")
        expect(panel.get_by_role("button", name="Cancel all")).to_be_visible()
        panel.get_by_role("button", name="Cancel all").click()
        expect(panel.locator("strong")).to_contain_text("added")
        page.close()
