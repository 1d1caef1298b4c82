"""Whole days, the keys, and what can be handed on of a picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.pictures import picture
from tests.product import Gallery, prepared


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, str]]:
    """Eight pictures; the last is an AVIF, whose id comes with them."""
    with prepared(tmp_path_factory.mktemp("handing")) as gallery:
        gallery.start_all()
        ids = [gallery.upload(picture(), f"n{n}.png").json["id"] for n in range(7)]
        ids.append(gallery.upload(picture("AVIF", (3000, 2000)), "beach.avif").json["id"])
        for image_id in ids:
            assert gallery.until_ended(image_id)["state"] == "ready"
        yield gallery, ids[-1]


def test_a_tick_selects_a_whole_day_and_lets_go_of_it(hung: tuple[Gallery, str], windows: Windows) -> None:
    gallery, _ = hung
    page = windows.open(gallery)
    tick = page.get_by_role("button", name="Select all of Today")
    tick.click()
    bar = page.get_by_role("toolbar", name="Selected pictures")
    expect(bar.locator("strong")).to_have_text("8 selected")
    expect(tick).to_have_attribute("aria-pressed", "true")
    page.get_by_role("checkbox", name="Select n3.png").click()
    expect(tick).to_have_attribute("aria-pressed", "false")
    tick.click()
    expect(bar.locator("strong")).to_have_text("8 selected")
    tick.click()
    expect(bar).to_be_hidden()


def test_a_question_mark_shows_the_keys_in_the_grid_and_in_the_viewer(
    hung: tuple[Gallery, str], windows: Windows
) -> None:
    gallery, image_id = hung
    page = windows.open(gallery)
    page.locator(".tile a").nth(2).focus()
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keys")
    expect(help_).to_contain_text("Select a range")
    expect(help_).to_contain_text("Slideshow")
    page.keyboard.press("Escape")
    expect(help_).to_have_count(0)
    expect(page.locator(".tile a").nth(2)).to_be_focused()
    page.get_by_role("button", name="Keys").click()
    expect(help_).to_be_visible()
    help_.get_by_role("button", name="Close").click()
    page.locator(f".tile[data-id='{image_id}'] a").click()
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    page.keyboard.press("?")
    expect(help_).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_).to_have_count(0)
    expect(page.locator(".pswp.viewer-open")).to_be_visible()


def test_a_link_is_copied(hung: tuple[Gallery, str], windows: Windows) -> None:
    gallery, image_id = hung
    context = windows.context()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = windows.page(context)
    page.goto(f"{gallery.url}/images/{image_id}")
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    page.keyboard.press("i")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".toasts")).to_contain_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{gallery.url}/images/{image_id}"


def test_what_others_cannot_open_is_saved_as_a_jpeg(
    hung: tuple[Gallery, str], windows: Windows, tmp_path: Path
) -> None:
    gallery, image_id = hung
    view = gallery.call("GET", f"/api/images/{image_id}").json["renditions"]["view"]
    page = windows.open(gallery, f"/images/{image_id}")
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    page.keyboard.press("i")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as JPEG").click()
    expect(page.locator(".toasts")).to_contain_text("The AVIF has 3000 × 2000")
    assert download.value.suggested_filename == "beach.jpg"
    download.value.save_as(tmp_path / "beach.jpg")
    with Image.open(io.BytesIO((tmp_path / "beach.jpg").read_bytes())) as saved:
        assert (saved.format, saved.size) == ("JPEG", (view["width"], view["height"]))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".viewer-caption strong")).to_have_text("n6.png")
    expect(page.get_by_role("button", name="Download as JPEG")).to_have_count(0)
