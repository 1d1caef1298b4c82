"""Uploading, in every way a person may try."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.browser.files import choose, drop, paste, pictures
from tests.pictures import picture
from tests.product import Gallery


def test_chosen_files_each_end_with_a_verdict(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path, 3)
    wrong = tmp_path / "notes.png"
    wrong.write_text("not a picture")
    known = tmp_path / "known.png"
    known.write_bytes(picture())
    standing = shared.upload(known.read_bytes(), "known.png").json["id"]
    page = windows.open(shared)
    windows.expected = ("status of 415",)
    choose(page, [*paths, wrong, known])
    panel = page.get_by_role("region", name="Uploads")
    expect(panel).to_contain_text("3 pictures added")
    expect(panel.locator("li.added")).to_have_count(3)
    expect(panel.locator("li.refused")).to_contain_text("notes.png")
    expect(panel.locator("li.refused")).to_contain_text("The format of this file is not known")
    expect(panel.locator("li.here")).to_contain_text("Already here")
    name, verdict = (panel.locator(f"li.refused {part}").bounding_box() for part in (".name", ".verdict"))
    assert name is not None
    assert verdict is not None
    assert name["y"] + name["height"] <= verdict["y"] + 1
    assert panel.locator("li.here a").get_attribute("href") == f"/images/{standing}"
    expect(page.locator(".tile.ready")).to_have_count(4)
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()


def test_files_and_folders_dropped_anywhere_are_taken(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = pictures(tmp_path / "loose", 2)
    folder = tmp_path / "folder"
    pictures(folder, 2)
    (folder / ".DS_Store").write_text("x")
    page = windows.open(shared)
    before = page.locator(".tile").count()
    expect(page.locator(".uploads")).to_have_count(1)  # what takes folders is there before it
    drop(page, [*paths, folder])
    expect(page.get_by_role("region", name="Uploads")).to_contain_text("4 pictures added")
    expect(page.locator(".tile.ready")).to_have_count(before + 4)


def test_a_chosen_folder_is_taken_with_all_below_it(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    folder = tmp_path / "holidays"
    paths = [*pictures(folder, 2), *pictures(folder / "last day", 1)]
    (folder / "notes.txt").write_text("no picture")
    page = windows.open(shared)
    page.get_by_label("More ways to add pictures").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Choose a folder").click()
    chooser.value.set_files(folder)
    expect(page.locator(".toasts")).to_contain_text("1 file left out: not pictures.")
    panel = page.get_by_role("region", name="Uploads")
    expect(panel).to_contain_text("3 pictures added", timeout=60_000)
    for path in paths:
        expect(panel).to_contain_text(path.name)


def test_a_phone_takes_a_picture_with_its_camera(shared: Gallery, windows: Windows, tmp_path: Path) -> None:
    page = windows.open(shared, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    camera = page.get_by_label("Take a picture", exact=True).and_(page.locator("input"))
    expect(camera).to_have_attribute("accept", "image/*")
    expect(camera).to_have_attribute("capture", "environment")
    page.get_by_label("More ways to add pictures").tap()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Take a picture").tap()
    assert not chooser.value.is_multiple()
    chooser.value.set_files(pictures(tmp_path, 1, "JPEG"))
    expect(page.get_by_role("region", name="Uploads")).to_contain_text("1 picture added", timeout=60_000)


def test_without_touch_no_camera_is_offered(shared: Gallery, windows: Windows) -> None:
    page = windows.open(shared)
    page.get_by_label("More ways to add pictures").click()
    expect(page.get_by_role("menuitem", name="Choose a folder")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Take a picture")).to_have_count(0)


def test_a_pasted_picture_is_taken_and_gets_a_name(shared: Gallery, windows: Windows) -> None:
    page = windows.open(shared)
    paste(page, "image.png", picture())
    row = page.get_by_role("region", name="Uploads").locator("li.added")
    expect(row).to_contain_text(re.compile(r"Pasted 20\d\d-\d\d-\d\d \d\d\.\d\d\.\d\d\.png"))
