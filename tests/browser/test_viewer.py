"""The viewer: by keyboard, by touch, by address."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Windows
from tests.browser.gestures import fingers, swipe
from tests.browser.test_tabs import HIDE
from tests.pictures import picture
from tests.product import Gallery, prepared, until

SHOWN = ".pswp__item[aria-hidden='false']"


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, list[str]]]:
    """A gallery with six pictures, and their ids, newest first; the third is an animation."""
    with prepared(tmp_path_factory.mktemp("viewer")) as gallery:
        gallery.start_all()
        out = io.BytesIO()
        frames = [Image.new("RGB", (400, 300), color) for color in ("red", "green", "blue")]
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
        bodies = [picture(size=(2000, 1200)) for _ in range(5)]
        bodies.insert(3, out.getvalue())
        ids = [gallery.upload(body, f"n{n}.png").json["id"] for n, body in enumerate(bodies)]
        for image_id in ids:
            assert gallery.until_ended(image_id)["state"] == "ready"
        yield gallery, ids[::-1]


def at(page: Page, image_id: str) -> None:
    expect(page).to_have_url(re.compile(f"/images/{image_id}$"))


def opened(page: Page) -> None:
    expect(page.locator(".pswp.viewer-open")).to_be_visible()


def viewer_is_closed(page: Page) -> None:
    expect(page.locator(".pswp")).to_have_count(0)


def test_it_is_used_by_keyboard(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.open(gallery)
    page.locator(f".tile[data-id='{ids[0]}'] a").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Picture viewer")).to_be_visible()
    opened(page)
    at(page, ids[0])
    expect(page).to_have_title(re.compile(r"n5\.png"))
    page.keyboard.press("ArrowRight")
    at(page, ids[1])
    expect(page.locator(".viewer-caption")).to_contain_text("2000 × 1200")
    page.keyboard.press("i")
    page.keyboard.press("Escape")
    expect(page.locator(".viewer-facts")).to_have_count(0)
    page.keyboard.press("Escape")
    viewer_is_closed(page)
    expect(page).to_have_url(re.compile(r"/$"))
    assert page.evaluate("document.activeElement.closest('.tile')?.dataset.id") == ids[1]


def test_its_details_tell_the_way_of_the_picture(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    record = gallery.call("GET", f"/api/images/{ids[0]}").json
    page = windows.open(gallery, f"/images/{ids[0]}")
    opened(page)
    page.get_by_role("button", name="Details").click()
    facts = page.locator(".viewer-facts")
    for label in ("Received", "Queued", "Started", "Ready"):
        expect(facts.locator(f"dt:text-is('{label}') + dd")).to_contain_text(re.compile(r"\d\d:\d\d:\d\d\.\d{3}"))
    expect(facts.locator("dt:text-is('Attempts') + dd")).to_have_text("1")
    expect(facts.locator("dt:text-is('Worker') + dd")).to_have_text(record["worker"])


def test_it_is_used_by_touch(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.open(gallery, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.locator(f".tile[data-id='{ids[0]}'] a").tap()
    at(page, ids[0])
    opened(page)
    swipe(page, (330, 420), (40, 420))
    at(page, ids[1])
    swipe(page, (60, 420), (350, 420))
    at(page, ids[0])
    page.wait_for_timeout(500)
    until(lambda: abs((page.locator(SHOWN).bounding_box() or {"x": 1.0})["x"]) < 1, 60)  # the slide rests
    swipe(page, (195, 300), (195, 760))
    viewer_is_closed(page)


def test_two_fingers_zoom_in_and_out(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.open(
        gallery, f"/images/{ids[0]}", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    opened(page)
    image = page.locator(f"{SHOWN} .pswp__img[src*='{ids[0]}']").last

    def width() -> float:
        box = image.bounding_box()
        return box["width"] if box else 0.0

    until(lambda: 380 < width() < 400, 60)
    fingers(page, [(175, 420), (215, 420)], [(45, 420), (345, 420)])
    until(lambda: width() > 800, 60)
    expect(page.locator(f".pswp__img[src$='/images/{ids[0]}/original']")).to_be_visible()
    fingers(page, [(45, 420), (345, 420)], [(175, 420), (215, 420)])
    until(lambda: 380 < width() < 400, 60)
    at(page, ids[0])


def test_a_link_opens_it_and_the_back_button_leaves_it(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.open(gallery, f"/images/{ids[4]}")
    opened(page)
    expect(page.locator(".viewer-caption strong")).to_have_text("n1.png")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".viewer-caption strong")).to_have_text("n2.png")
    page.keyboard.press("Escape")
    viewer_is_closed(page)
    expect(page.locator(".tile")).to_have_count(6)
    page.locator(f".tile[data-id='{ids[5]}'] a").click()
    at(page, ids[5])
    page.go_back()
    viewer_is_closed(page)
    page.go_forward()
    at(page, ids[5])
    expect(page.get_by_role("dialog", name="Picture viewer")).to_be_visible()


def test_an_animation_plays_and_stops(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.open(gallery, f"/images/{ids[2]}")
    opened(page)
    image = page.locator(f".pswp__img[src*='{ids[2]}']").last
    expect(image).to_have_attribute("src", re.compile("/original$"))
    page.get_by_role("button", name="Stop the animation").click()
    expect(page.locator(f".pswp__img[src^='/images/{ids[2]}/view.']")).to_have_count(1)
    calm = windows.open(gallery, f"/images/{ids[2]}", reduced_motion="reduce")
    expect(calm.get_by_role("button", name="Play the animation")).to_be_visible()
    opened(calm)
    calm.keyboard.press("s")
    expect(calm.locator(".pswp.showing")).to_be_visible()
    assert calm.evaluate("getComputedStyle(document.querySelector('.pswp__img')).animationName") == "none"


def test_a_slideshow_goes_round_while_the_page_is_seen(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.page()
    page.clock.install()
    page.goto(f"{gallery.url}/images/{ids[4]}")
    opened(page)
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Stop the slideshow")).to_be_visible()
    page.clock.fast_forward(5000)
    at(page, ids[5])
    expect(page.locator(".pswp--ui-visible")).to_have_count(0)
    page.clock.fast_forward(5000)
    at(page, ids[0])
    page.evaluate(HIDE, True)
    page.clock.fast_forward(60_000)
    page.evaluate(HIDE, False)
    at(page, ids[0])
    page.keyboard.press("i")
    expect(page.locator(".pswp--ui-visible")).to_be_visible()
    page.clock.fast_forward(60_000)  # whoever reads the details is left in peace
    at(page, ids[0])
    page.keyboard.press("Escape")
    page.clock.fast_forward(5000)
    at(page, ids[1])
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Start the slideshow")).to_be_visible()
    page.clock.fast_forward(60_000)
    at(page, ids[1])


def test_the_original_comes_when_it_is_zoomed_into(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.open(gallery, f"/images/{ids[0]}")
    expect(page.locator(f".pswp__img[src^='/images/{ids[0]}/view.']")).to_be_visible()
    opened(page)
    page.get_by_role("button", name="Zoom").click()
    expect(page.locator(f".pswp__img[src$='/images/{ids[0]}/original']")).to_be_visible()


def test_the_original_is_downloaded(hung: tuple[Gallery, list[str]], windows: Windows, tmp_path: Path) -> None:
    gallery, ids = hung
    page = windows.open(gallery, f"/images/{ids[0]}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the original").click()
    assert download.value.suggested_filename == "n5.png"


def test_deleting_is_undone_or_done(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, _ = hung
    extra = [gallery.upload(picture(), name).json["id"] for name in ("keep.png", "drop.png")]
    for image_id in extra:
        gallery.until_ended(image_id)
    page = windows.open(gallery, f"/images/{extra[1]}")
    opened(page)
    expect(page.locator(".viewer-caption strong")).to_have_text("drop.png")
    page.keyboard.press("Delete")
    expect(page.locator(".viewer-caption strong")).to_have_text("keep.png")
    page.keyboard.press("Delete")
    expect(page.locator(".viewer-caption strong")).to_have_text("n5.png")
    page.get_by_role("button", name="Undo").last.click()
    page.keyboard.press("Escape")
    viewer_is_closed(page)
    expect(page.locator(f".tile[data-id='{extra[0]}']")).to_have_count(1)
    expect(page.locator(f".tile[data-id='{extra[1]}']")).to_have_count(0)
    until(lambda: gallery.call("GET", f"/api/images/{extra[1]}").status == 404, 60)
    until(lambda: gallery.call("GET", f"/api/images/{extra[0]}").status == 200, 60)
    gallery.call("DELETE", f"/api/images/{extra[0]}")


def test_what_was_deleted_is_gone_also_if_the_page_is_left_at_once(
    hung: tuple[Gallery, list[str]], windows: Windows
) -> None:
    gallery, _ = hung
    image_id = gallery.upload(picture(), "gone.png").json["id"]
    gallery.until_ended(image_id)
    page = windows.open(gallery)
    page.locator(f".tile[data-id='{image_id}'] .tick").click()
    page.keyboard.press("Delete")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.goto("about:blank")
    until(lambda: gallery.call("GET", f"/api/images/{image_id}").status == 404, 60)
