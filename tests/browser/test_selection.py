"""Picking many, and what can be done with them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench.make_volume import make
from tests.browser.conftest import Windows
from tests.indexes import is_whole
from tests.pictures import picture
from tests.product import Gallery, prepared, until


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    with prepared(tmp_path_factory.mktemp("selection")) as gallery:
        gallery.start_all()
        for n in range(12):
            gallery.until_ended(gallery.upload(picture(), f"n{n:02}.png").json["id"])
        yield gallery


def bar(page: Page) -> str:
    return page.get_by_role("toolbar", name="Selected pictures").locator("strong").inner_text()


def test_a_click_and_a_shift_click_pick_a_range(hung: Gallery, windows: Windows) -> None:
    page = windows.open(hung)
    ticks = page.get_by_role("checkbox")
    ticks.nth(2).click()
    assert bar(page) == "1 selected"
    page.locator(".tile a").nth(6).click(modifiers=["Shift"])
    assert bar(page) == "5 selected"
    page.locator(".tile a").nth(4).click()
    assert bar(page) == "4 selected"
    expect(ticks.nth(4)).not_to_be_checked()
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar")).to_be_hidden()


def test_a_finger_picks_by_a_long_press_and_then_by_taps(hung: Gallery, windows: Windows) -> None:
    page = windows.open(hung, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    box = page.locator(".tile").nth(1).bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    at = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at})
    expect(page.get_by_role("toolbar", name="Selected pictures")).to_be_visible()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert bar(page) == "1 selected"
    page.locator(".tile a").nth(3).tap()
    expect(page.get_by_role("toolbar").locator("strong")).to_have_text("2 selected")
    page.locator(".tile a").nth(1).tap()
    expect(page.get_by_role("toolbar").locator("strong")).to_have_text("1 selected")
    page.get_by_role("button", name="Clear the selection").tap()
    expect(page.get_by_role("toolbar")).to_be_hidden()
    page.locator(".tile a").nth(1).tap()
    expect(page.get_by_role("dialog", name="Picture viewer")).to_be_visible()


def test_pictures_are_picked_and_deleted_by_keyboard(hung: Gallery, windows: Windows) -> None:
    ids = [hung.upload(picture(), f"away-{n}.png").json["id"] for n in range(3)]
    hung.until_ended(ids[2])
    page = windows.open(hung)
    page.locator(f".tile[data-id='{ids[2]}'] a").focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert bar(page) == "3 selected"
    page.keyboard.press("Delete")
    expect(page.locator(f".tile[data-id='{ids[0]}']")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(f".tile[data-id='{ids[0]}']")).to_have_count(1)
    page.locator(f".tile[data-id='{ids[2]}'] a").focus()
    page.keyboard.press("Control+a")
    assert bar(page) == "15 selected"
    page.keyboard.press("Escape")
    for image_id in ids:
        page.locator(f".tile[data-id='{image_id}'] .tick").click()
    page.get_by_role("button", name="Delete").click()
    for image_id in ids:
        until(lambda: hung.call("GET", f"/api/images/{image_id}").status == 404, 60)  # noqa: B023 - called at once
    until(lambda: not set(ids) & set(hung.call("GET", "/api/ids").json["ids"]), 60)


def test_picked_pictures_are_downloaded_in_one_archive(hung: Gallery, windows: Windows, tmp_path: Path) -> None:
    page = windows.open(hung)
    for n in range(3):
        page.get_by_role("checkbox").nth(n).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "pictures.zip")
    with zipfile.ZipFile(tmp_path / "pictures.zip") as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["n09.png", "n10.png", "n11.png"]


def deleted(calls: list[str]) -> list[str]:
    """The calls that delete."""
    return [call for call in calls if call == "POST /api/delete"]


def test_all_are_selected_and_deleted_whether_loaded_or_not(
    tmp_path_factory: pytest.TempPathFactory, windows: Windows
) -> None:
    data = tmp_path_factory.mktemp("many")
    make(data, 1212, days=3)
    with prepared(data) as gallery:
        gallery.start_redis()
        gallery.start_web()
        until(lambda: is_whole(gallery), 120)
        page = windows.open(gallery)
        expect(page.get_by_role("slider")).to_be_visible()
        calls: list[str] = []
        page.on("request", lambda request: calls.append(f"{request.method} {request.url.removeprefix(gallery.url)}"))
        page.keyboard.press("Control+a")
        toolbar = page.get_by_role("toolbar", name="Selected pictures")
        expect(toolbar.locator("strong")).to_have_text(re.compile(r"^\d+ of 1,212 selected$"))
        toolbar.get_by_role("button", name="Select all 1,212").click()
        expect(toolbar.locator("strong")).to_have_text("1,212 selected")
        page.locator(".tile a").first.focus()
        page.keyboard.press("End")
        tiles = page.get_by_role("checkbox", name="Select picture-0.jpg", exact=True)
        expect(tiles).to_be_checked()
        toolbar.get_by_role("button", name="Download").click()
        expect(page.locator(".toasts")).to_contain_text("One archive holds up to 1,000 pictures")
        toolbar.get_by_role("button", name="Delete").click()
        page.locator(".toast", has_text="Undo").hover()  # so that it stays
        expect(page.locator(".tile")).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".tile").first).to_be_visible(timeout=120_000)
        expect(page.locator(".toasts")).not_to_contain_text("Restoring", timeout=120_000)
        assert len(gallery.call("GET", "/api/ids").json["ids"]) == 1212
        page.keyboard.press("Control+a")
        page.keyboard.press("Control+a")
        expect(toolbar.locator("strong")).to_have_text("1,212 selected")
        with page.expect_response(lambda response: len(deleted(calls)) == 4, timeout=120_000):
            page.keyboard.press("Delete")
        until(lambda: gallery.call("GET", "/api/ids").json["ids"] == [], 60)
        page.wait_for_timeout(500)  # so that what was asked is heard of
        assert len(deleted(calls)) == 4
        page.close()
