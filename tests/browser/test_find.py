"""Finding pictures from the page: by what is typed, and by when they were added or taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from bench.make_volume import make
from tests.browser.conftest import Windows
from tests.indexes import is_whole
from tests.pictures import picture, undecodable
from tests.product import Gallery, prepared, until, web_alone

OLD = "2018:01:02 03:04:05"


def taken(date: str, camera: str = "Canon EOS R5", **options: Any) -> bytes:
    """A picture of a camera, by its clock."""
    exif = Image.Exif()
    exif[0x0110] = camera
    exif.get_ifd(0x8769)[0x9003] = date
    return picture("JPEG", exif=exif.tobytes(), **options)


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """Pictures of some years, a few of a beach."""
    with prepared(tmp_path_factory.mktemp("find")) as gallery:
        gallery.start_all()
        files = {
            "beach-1.jpg": taken("2019:07:14 18:03:22"),
            "Strand (beach).jpg": taken("2019:07:02 10:00:00", "iPhone 15"),
            "hill.jpg": taken("2019:07:14 09:00:00"),
            "old.jpg": taken(OLD),
            "beach.png": picture(),
            "beach-broken.jpg": undecodable(),
        }
        ids = [gallery.upload(data, name).json["id"] for name, data in files.items()]
        for image_id in ids:
            gallery.until_ended(image_id)
        until(lambda: is_whole(gallery), 60)
        gallery.until_listed(*ids)
        yield gallery


def names(page: Page) -> list[str]:
    """The names of the pictures that are shown, in their order."""
    return [
        str(name)
        for name in page.evaluate("[...document.querySelectorAll('.tile')].map(t => t.querySelector('img')?.alt ?? '')")
    ]


def headings(page: Page) -> list[str]:
    return page.locator(".day h2 > span, .day h2:not(:has(span))").all_inner_texts()


def search(page: Page, text: str) -> None:
    page.get_by_role("searchbox").fill(text)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_what_is_typed_is_found_at_an_address_of_its_own(hung: Gallery, windows: Windows, script: bool) -> None:
    page = windows.page(java_script_enabled=script, locale="en-GB")
    page.goto(hung.url)
    page.get_by_role("link", name="Taken").click()
    expect(page.get_by_role("link", name="Taken")).to_have_attribute("aria-current", "true")
    search(page, "BEACH july 2019")
    expect(page.get_by_role("heading", name="Pictures taken in July 2019 with “BEACH”")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(2)
    assert names(page) == ["beach-1.jpg", "Strand (beach).jpg"]
    assert page.url == f"{hung.url}/?q=BEACH+july+2019&sort=taken"
    search(page, "canon")
    expect(page.get_by_role("heading", name="Pictures with “canon”")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(3)
    expect(page.locator("h1 small")).to_have_text("3 pictures")
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("BEACH july 2019")
    expect(page.locator(".tile")).to_have_count(2)
    page.get_by_role("link", name="All pictures").click()
    expect(page).to_have_url(f"{hung.url}/?sort=taken")
    search(page, "failed beach")
    expect(page.get_by_role("heading", name="Failed pictures with “beach”")).to_be_visible()
    expect(page.locator(".tile.failed")).to_have_count(1)
    expect(page.locator(".tile")).to_have_count(1)
    search(page, " ")
    expect(page).to_have_url(f"{hung.url}/?sort=taken")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_where_nothing_is_found_the_page_says_what_for_and_where_else_to_look(
    hung: Gallery, windows: Windows, script: bool
) -> None:
    page = windows.page(java_script_enabled=script)
    page.goto(hung.url)
    search(page, "january 2018 old")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    expect(page.locator(".empty")).to_contain_text("There are no pictures added in January 2018 with “old”.")
    page.get_by_role("link", name="Look by when they were taken").click()
    expect(page.locator(".tile")).to_have_count(1)
    search(page, "ab")
    expect(page.locator(".empty")).to_contain_text("3 letters or more")
    expect(page.locator(".tile")).to_have_count(0)


def test_by_when_they_were_taken_each_is_under_its_day(hung: Gallery, windows: Windows) -> None:
    days = ["Sunday, 14 July 2019", "Tuesday, 2 July 2019", "Tuesday, 2 January 2018"]
    page = windows.page(java_script_enabled=False)
    page.goto(f"{hung.url}/?sort=taken")
    assert headings(page)[1:] == days
    page = windows.open(hung, "/?sort=taken", locale="en-GB")
    expect(page.locator(".tile")).to_have_count(6)
    short = [re.sub(r"^(\w{3})\w*", r"\1", day) for day in days]
    assert headings(page) == ["Today", *short]
    assert names(page)[2:] == ["beach-1.jpg", "hill.jpg", "Strand (beach).jpg", "old.jpg"]
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_search_works_by_keyboard_alone(hung: Gallery, windows: Windows) -> None:
    page = windows.page()
    # what the live regions said on this page and those before it
    page.add_init_script(
        """addEventListener('DOMContentLoaded', () => new MutationObserver((changes) => {
          for (const { target } of changes) {
            const region = (target.closest ? target : target.parentElement)?.closest('[aria-live], [role=status]');
            if (region?.textContent) sessionStorage.said = `${sessionStorage.said ?? ''}${region.textContent}|`;
          }
        }).observe(document.body, { subtree: true, childList: true, characterData: true }));"""
    )
    page.goto(hung.url)
    page.wait_for_selector("html.alive")
    keys, field = page.keyboard, page.get_by_role("searchbox")
    picture_of = "document.activeElement.querySelector('img')?.alt"
    keys.press("/")
    keys.type("canon")
    keys.press("Enter")
    expect(page).to_have_title("Pictures with “canon” · Gallery")
    page.wait_for_selector("html.alive")
    expect(page.locator(".tile")).to_have_count(3)
    keys.press("/")
    keys.press("ArrowDown")
    until(lambda: page.evaluate(picture_of) == "old.jpg", 60)
    keys.press("ArrowRight")
    keys.press("Enter")
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    expect(page).to_have_title("hill.jpg · Gallery")
    keys.press("Escape")
    expect(page.locator(".pswp")).to_have_count(0)
    until(lambda: page.evaluate(picture_of) == "hill.jpg", 60)
    expect(page).to_have_title("Pictures with “canon” · Gallery")
    # what stands below the pictures comes after them
    keys.press("End")
    until(lambda: page.evaluate(picture_of) == "beach-1.jpg", 60)
    keys.press("Tab")  # to its tick
    keys.press("Tab")
    expect(page.get_by_role("button", name="Keys")).to_be_focused()
    keys.press("/")
    keys.press("Tab")
    expect(page.get_by_role("link", name="Added", exact=True)).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("link", name="Taken")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(f"{hung.url}/?sort=taken&q=canon")
    page.wait_for_selector("html.alive")
    keys.press("/")
    keys.press("Delete")
    keys.press("Enter")
    expect(page.locator(".tile")).to_have_count(6)
    expect(field).to_have_value("")
    # a new page is read by its title, and nothing else interrupts
    assert page.evaluate("sessionStorage.said ?? ''") == ""


def test_what_comes_in_appears_where_it_belongs_and_is_told_if_that_is_out_of_view(
    hung: Gallery, windows: Windows
) -> None:
    page = windows.open(hung, "/?sort=taken", viewport={"width": 500, "height": 300})
    other = windows.open(hung, "/?q=hill&sort=taken", viewport={"width": 500, "height": 300})
    expect(other.locator(".tile")).to_have_count(1)
    image_id = hung.upload(taken("2017:05:06 07:08:09", size=(600, 400)), "older.jpg").json["id"]
    hung.until_ended(image_id)
    told = page.get_by_role("button", name="1 added")
    told.click()
    tile = page.locator(f".tile[data-id='{image_id}']")
    expect(tile).to_be_in_viewport()
    expect(told).to_have_count(0)
    expect(page.locator(".day", has=tile)).to_contain_text("2017")
    expect(other.locator(".tile")).to_have_count(1)
    expect(other.get_by_role("button", name="added")).to_have_count(0)
    hung.until_ended(hung.upload(taken("2016:05:06 07:08:09", size=(600, 400)), "hill again.jpg").json["id"])
    expect(other.locator("h1 small")).to_have_text("2 pictures")
    # the viewer walks in the same order
    page.keyboard.press("Enter")
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_title(re.compile(r"old\.jpg"))
    hung.call("DELETE", f"/api/images/{image_id}")
    expect(tile).to_have_count(0)


def test_a_page_that_waits_for_the_index_asks_again_but_not_while_somebody_types(
    tmp_path: Path, windows: Windows
) -> None:
    make(tmp_path / "data", images=20)
    (tmp_path / "file").write_text("not a folder")
    windows.expected = ("503",)
    with web_alone(tmp_path / "data", GALLERY_CACHE=str(tmp_path / "file" / "cache")) as web:
        page = windows.page()
        page.clock.install()
        page.goto(f"{web.url}/?q=picture-1")
        page.wait_for_selector("html.alive")
        field = page.get_by_role("searchbox").first
        field.fill("picture-2")
        page.clock.run_for(12_000)
        page.wait_for_timeout(500)
        expect(field).to_have_value("picture-2")
        (tmp_path / "file").unlink()
        until(lambda: web.call("GET", "/?q=picture").status == 200, 60)
        field.fill("picture-1")
        field.blur()
        page.clock.run_for(6_000)
        expect(page.locator(".tile").first).to_be_visible()
        page.close()  # before web ends, which it goes on asking
