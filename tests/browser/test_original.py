"""The original takes the view's place only if the browser shows it as it is recorded; remarks are shown everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.cases.motifs import painted, sunset, wheel
from tests.product import Gallery, prepared
from tests.render_fixtures import encoded

VIEW = re.compile(r"/view\.(webp|avif)")
ORIGINAL = re.compile(r"/(original|download)$")


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, dict[str, str]]]:
    """Pictures that browsers turn, and such that they do not; by name."""
    with prepared(tmp_path_factory.mktemp("original")) as gallery:
        gallery.start_all()
        ids = {name: gallery.upload(data, name).json["id"] for name, data in pictures().items()}
        for image_id in ids.values():
            assert gallery.until_ended(image_id)["state"] == "ready"
        gallery.until_listed(*ids.values())
        yield gallery, ids


def large() -> Image.Image:
    return painted(sunset, (200, 120)).resize((2000, 1200))


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def pictures() -> dict[str, bytes]:
    moving = {"save_all": True, "append_images": [painted(wheel, (240, 160))], "duration": 90}
    first = painted(sunset, (240, 160))
    png = encoded(large(), "PNG", exif=turned(6))
    start = png.index(b"eXIf") - 4
    exif = png[start : start + 12 + int.from_bytes(png[start : start + 4])]
    late = png.replace(exif, b"")
    return {
        "plain.jpg": encoded(large(), "JPEG"),
        "turned.jpg": encoded(large(), "JPEG", exif=turned(6)),
        "on-its-side.webp": encoded(large(), "WEBP", exif=turned(6)),
        "head-down.webp": encoded(large(), "WEBP", exif=turned(3)),
        "mirrored.webp": encoded(large(), "WEBP", exif=turned(2)),
        "late.png": late[:-12] + exif + late[-12:],
        "moving.gif": encoded(first, "GIF", **moving),
        "moving.webp": encoded(first, "WEBP", **moving),
        "moving-head-down.webp": encoded(first, "WEBP", exif=turned(3), **moving),
        "cut.jpg": encoded(large(), "JPEG")[:-8000],
    }


def shown(page: Page, image_id: str) -> Page:
    expect(page.locator(f".pswp__img[src*='{image_id}']").last).to_be_visible()
    page.wait_for_selector(".viewer-open")
    return page


@pytest.mark.parametrize("name", ["plain.jpg", "turned.jpg"])
def test_an_original_that_is_shown_as_recorded_takes_the_place(
    name: str, hung: tuple[Gallery, dict[str, str]], windows: Windows
) -> None:
    gallery, ids = hung
    page = shown(windows.open(gallery, f"/images/{ids[name]}"), ids[name])
    page.locator(".pswp__button--original").click()
    expect(page.locator(f".pswp__img[src*='{ids[name]}']").last).to_have_attribute("src", ORIGINAL)


@pytest.mark.parametrize("name", ["on-its-side.webp", "head-down.webp", "mirrored.webp", "late.png"])
def test_the_view_stays_if_the_browser_turns_the_original_otherwise(
    name: str, hung: tuple[Gallery, dict[str, str]], windows: Windows
) -> None:
    gallery, ids = hung
    page = shown(windows.open(gallery, f"/images/{ids[name]}"), ids[name])
    button = page.locator(".pswp__button--original")
    seen = page.evaluate(
        """async (src) => { const img = new Image(); img.src = src; await img.decode();
        return [img.naturalWidth, img.naturalHeight]; }""",
        gallery.call("GET", f"/api/images/{ids[name]}").json["links"]["original"],
    )
    assert seen == [2000, 1200]  # this browser does not turn it
    button.click()
    expect(button).to_be_hidden()
    page.wait_for_timeout(500)
    expect(page.locator(f".pswp__img[src*='{ids[name]}']").last).to_have_attribute("src", VIEW)


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp"])
def test_an_animation_plays_once_it_was_looked_at(
    name: str, hung: tuple[Gallery, dict[str, str]], windows: Windows
) -> None:
    gallery, ids = hung
    page = shown(windows.open(gallery, f"/images/{ids[name]}"), ids[name])
    expect(page.locator(f".pswp__img[src*='{ids[name]}']").last).to_have_attribute("src", ORIGINAL)


def test_an_animation_that_would_be_head_down_is_shown_still(
    hung: tuple[Gallery, dict[str, str]], windows: Windows
) -> None:
    gallery, ids = hung
    image_id = ids["moving-head-down.webp"]
    page = shown(windows.open(gallery, f"/images/{image_id}"), image_id)
    expect(page.locator(".pswp__button--motion")).to_be_hidden()
    expect(page.locator(f".pswp__img[src*='{image_id}']").last).to_have_attribute("src", VIEW)


def test_the_tile_and_the_viewer_say_what_is_missing(hung: tuple[Gallery, dict[str, str]], windows: Windows) -> None:
    gallery, ids = hung
    image_id = ids["cut.jpg"]
    (note,) = gallery.call("GET", f"/api/images/{image_id}").json["notes"]
    assert "cut off: the lower" in note
    page = windows.open(gallery)
    tile = page.locator(f".tile[data-id='{image_id}']")
    expect(tile.locator(".remark")).to_have_text(note)
    expect(tile.locator(".remark svg")).to_be_visible()
    expect(tile.locator("a")).to_have_attribute("title", note)
    expect(page.locator(f".tile[data-id='{ids['plain.jpg']}'] .remark")).to_have_count(0)
    tile.locator("a").click()
    expect(page.locator(".viewer-caption .remark")).to_have_text(note)


def test_without_script_the_pages_say_what_is_missing(hung: tuple[Gallery, dict[str, str]], windows: Windows) -> None:
    gallery, ids = hung
    (note,) = gallery.call("GET", f"/api/images/{ids['cut.jpg']}").json["notes"]
    page = windows.page(java_script_enabled=False)
    page.goto(gallery.url)
    expect(page.locator(".tile .remark")).to_have_text(re.compile(re.escape(note)))
    page.goto(f"{gallery.url}/images/{ids['cut.jpg']}")
    expect(page.locator("dt:text-is('Note') + dd")).to_have_text(note)
    page.goto(f"{gallery.url}/images/{ids['moving-head-down.webp']}")
    expect(page.locator("figure source")).to_have_attribute("srcset", VIEW)
