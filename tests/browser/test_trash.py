"""The trash in the page: deleting is at once, undoing restores, and its own page restores and removes for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Windows
from tests.browser.files import choose, pictures
from tests.browser.test_accessible import Scheme, both, findings
from tests.browser.test_panel import SAID, said
from tests.pictures import picture, undecodable
from tests.product import Gallery, prepared, until


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A gallery that all tests share; each deletes pictures of its own."""
    with prepared(tmp_path_factory.mktemp("trash")) as gallery:
        gallery.start_all()
        yield gallery


def added(gallery: Gallery, *names: str) -> list[str]:
    ids = [gallery.upload(picture(), name).json["id"] for name in names]
    for image_id in ids:
        gallery.until_ended(image_id)
    return ids


def status(gallery: Gallery, image_id: str) -> int:
    return gallery.call("GET", f"/api/images/{image_id}").status


def trashed(gallery: Gallery) -> list[str]:
    return [image["name"] for image in gallery.call("GET", "/api/trash").json["images"]]


def tab_to(page: Page, script: str) -> None:
    """Press Tab until the script finds that the focus is where it should be."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(script):
            return
    raise AssertionError(f"Tab never led there: {script}")


def heard(page: Page, words: str) -> None:
    until(lambda: any(text.startswith(words) for text in said(page)), 60)


def tile(page: Page, image_id: str) -> Locator:
    return page.locator(f".tile[data-id='{image_id}']")


def test_deleting_is_at_once_and_undo_needs_no_toast(hung: Gallery, windows: Windows) -> None:
    (one,) = added(hung, "one.png")
    page = windows.open(hung)
    tile(page, one).locator("a").focus()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Dismiss").click()
    until(lambda: status(hung, one) == 404, 10)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(tile(page, one)).to_be_visible()
    until(lambda: status(hung, one) == 200, 60)
    page.reload()
    expect(tile(page, one)).to_be_visible()


def test_other_tabs_lose_what_is_deleted_and_get_it_back(hung: Gallery, windows: Windows, tmp_path: Path) -> None:
    (path,) = pictures(tmp_path, 1)
    one = hung.upload(path.read_bytes(), path.name).json["id"]
    hung.until_ended(one)
    first, second = windows.open(hung), windows.open(hung)
    tile(first, one).locator("a").focus()
    first.keyboard.press("Delete")
    expect(tile(second, one)).to_have_count(0)
    first.keyboard.press("Control+z")
    expect(tile(second, one)).to_be_visible()
    expect(tile(first, one)).to_be_visible()
    # the same bytes, sent from anywhere, bring it back too
    hung.call("DELETE", f"/api/images/{one}")
    expect(tile(first, one)).to_have_count(0)
    choose(second, [path])
    expect(tile(first, one)).to_be_visible()
    expect(tile(second, one)).to_be_visible()


def test_what_cannot_be_deleted_comes_back_and_says_so(hung: Gallery, windows: Windows) -> None:
    (one,) = added(hung, "stays.png")
    windows.expected = ("status of 503",)
    page = windows.open(hung)
    page.route("**/api/delete", lambda route: route.fulfill(status=503, json={"code": "busy", "detail": "busy"}))
    tile(page, one).locator("a").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".toasts")).to_contain_text("1 picture could not be deleted")
    expect(tile(page, one)).to_be_visible()


@both
def test_the_page_restores_and_removes_and_says_so(hung: Gallery, windows: Windows, scheme: Scheme) -> None:
    gallery = hung
    gallery.call("DELETE", "/api/trash")
    until(lambda: trashed(gallery) == [], 60)
    ids = added(gallery, "a.png", "b.png", "c.png", "d.png")
    for image_id in ids:
        gallery.call("DELETE", f"/api/images/{image_id}")
    page = windows.open(gallery, "/trash", color_scheme=scheme, viewport={"width": 320, "height": 700})
    expect(page.locator(".binned li")).to_have_count(4)
    expect(page.locator(".binned img").first).to_be_visible()
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    said = page.get_by_role("status")
    page.get_by_role("button", name="Restore c.png").press("Enter")
    expect(said).to_have_text("c.png was restored.")
    expect(page.get_by_role("button", name="Restore b.png")).to_be_focused()
    page.get_by_role("button", name="Delete for good b.png").press("Enter")
    assert findings(page) == []
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(page.get_by_role("button", name="Delete for good b.png")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").press("Enter")
    expect(said).to_have_text("b.png was deleted for good.")
    assert trashed(gallery) == ["d.png", "a.png"]
    # what is deleted elsewhere shows
    (other,) = added(gallery, "other.png")
    gallery.call("DELETE", f"/api/images/{other}")
    expect(page.locator(".binned li")).to_have_count(3)
    page.get_by_text("Empty the trash").click()
    assert findings(page) == []
    page.get_by_role("button", name="Delete 3 for good").click()
    page.get_by_role("dialog").get_by_role("button", name="Empty the trash").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert trashed(gallery) == []
    assert findings(page) == []


def test_what_was_opened_stays_open_when_the_page_changes(hung: Gallery, windows: Windows) -> None:
    one, two = added(hung, "one.png", "two.png")
    hung.call("DELETE", f"/api/images/{one}")
    page = windows.open(hung, "/trash")
    before = page.locator(".binned li").count()
    page.get_by_text("Empty the trash").click()
    expect(page.get_by_role("button", name=f"Delete {before} for good")).to_be_visible()
    hung.call("DELETE", f"/api/images/{two}")
    expect(page.locator(".binned li")).to_have_count(before + 1)
    expect(page.get_by_role("button", name=f"Delete {before + 1} for good")).to_be_visible()


def test_times_are_told_by_the_readers_clock(hung: Gallery, windows: Windows) -> None:
    hung.until_ended(hung.upload(undecodable("PNG"), "bad.png").json["id"])
    one, two = added(hung, "one.png", "two.png")
    hung.call("DELETE", f"/api/images/{one}")
    page = windows.open(hung, "/trash", timezone_id="Asia/Kolkata", locale="en-GB")
    at = datetime.fromisoformat(hung.call("GET", "/api/trash").json["images"][0]["deleted_at"])
    clock = at.astimezone(timezone(timedelta(hours=5, minutes=30))).strftime("%H:%M")
    deleted = page.locator(".binned li", has_text="one.png").locator("time").first
    expect(deleted).to_contain_text(clock)
    expect(deleted).to_have_attribute("title", re.compile("UTC$"))
    # what the server sends anew is told so as well
    hung.call("DELETE", f"/api/images/{two}")
    expect(page.locator(".binned li", has_text="two.png")).to_be_visible()
    expect(page.locator(".binned")).not_to_contain_text("UTC")
    page.goto(f"{hung.url}/status")
    page.wait_for_selector("html.alive")
    expect(page.locator("#failures time")).not_to_contain_text("UTC")


def test_without_a_trash_the_page_asks_first(bare: Gallery, windows: Windows) -> None:
    bare.environ["GALLERY_TRASH_DAYS"] = "0"
    bare.start_all()
    (one,) = added(bare, "one.png")
    page = windows.open(bare)
    tile(page, one).locator("a").focus()
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 1 picture for good?")
    dialog.get_by_role("button", name="Cancel").press("Enter")
    expect(tile(page, one).locator("a")).to_be_focused()
    page.keyboard.press("Delete")
    dialog.get_by_role("button", name="Delete").press("Enter")
    expect(tile(page, one)).to_have_count(0)
    until(lambda: status(bare, one) == 404, 60)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_everything_is_done_by_keyboard_alone(gallery: Gallery, windows: Windows, tmp_path: Path) -> None:
    """Upload, select, delete, undo, look into the trash, restore, find what failed, retry it; each is said aloud."""
    failed = gallery.upload(undecodable("PNG"), "bad.png").json["id"]
    before = gallery.until_ended(failed)["finished_at"]
    page = windows.open(gallery)
    page.evaluate(SAID)
    # the browser is told to hand on what asks for files; it must have heard that before Enter is pressed
    page.on("filechooser", lambda _: None)
    expect(tile(page, failed)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the pictures")).to_be_focused()
    tab_to(page, "document.activeElement.ariaLabel === 'Add pictures'")
    expect(page.get_by_role("button", name="Add pictures", exact=True)).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(pictures(tmp_path, 3))
    expect(page.locator(".uploads strong")).to_have_text("3 pictures added")
    expect(page.locator(".tile.ready")).to_have_count(3)
    tab_to(page, "!!document.activeElement.closest('.tile.ready > a')")
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_role("toolbar")).to_contain_text("2 selected")
    page.keyboard.press("Delete")
    until(lambda: len(trashed(gallery)) == 2, 60)
    page.keyboard.press("Control+z")
    expect(page.locator(".tile.ready")).to_have_count(3)
    until(lambda: trashed(gallery) == [], 60)
    page.keyboard.press("Delete")
    until(lambda: len(trashed(gallery)) == 1, 60)
    heard(page, "3 pictures added.")
    heard(page, "Deleted 2 pictures")
    page.get_by_label("More", exact=True).first.focus()
    page.keyboard.press("Enter")
    tab_to(page, "document.activeElement.textContent === 'Trash'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trash")
    page.wait_for_selector("html.alive")
    until(lambda: page.evaluate("[...document.querySelectorAll('.binned img')].every((img) => img.complete)"), 60)
    on_restore = "document.activeElement.closest('[data-kind=restore]') !== null"
    tab_to(page, on_restore)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("was restored.")
    page.get_by_label("More", exact=True).first.focus()
    page.keyboard.press("Enter")
    on_failed = "document.activeElement.textContent === 'Failed pictures'"
    tab_to(page, on_failed)
    page.keyboard.press("Enter")
    page.wait_for_url("**/?state=failed")
    page.wait_for_selector("html.alive")
    expect(tile(page, failed)).to_be_visible()
    on_retry = "document.activeElement.closest('.tile .acts') !== null"
    tab_to(page, on_retry)
    page.keyboard.press("Enter")
    expect(page.locator(".toasts")).to_contain_text("bad.png failed again", timeout=60_000)
    assert gallery.until_ended(failed)["finished_at"] != before
