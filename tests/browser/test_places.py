"""As people in other places, on other devices and on paper have it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import planted
from tests.browser.conftest import Windows
from tests.pictures import picture
from tests.product import Gallery, prepared


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    with prepared(tmp_path_factory.mktemp("places")) as gallery:
        gallery.start_all()
        out = io.BytesIO()
        frames = [Image.new("RGB", (400, 300), color) for color in ("red", "green", "blue")]
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
        for data, name in (*((picture(), f"n{n}.png") for n in range(40)), (out.getvalue(), "moving.gif")):
            gallery.until_ended(gallery.upload(data, name).json["id"])
        yield gallery


@pytest.mark.parametrize(
    ("locale", "line", "exact"),
    [
        ("de-DE", r"\d{1,2} \w{3,4} 20\d\d, \d\d:\d\d$", r", \d\d:\d\d:\d\d[.,]\d{3}$"),
        ("en-US", r"\w{3} \d{1,2}, 20\d\d, \d{1,2}:\d\d\s[AP]M$", r", \d\d:\d\d:\d\d\.\d{3}\s[AP]M$"),
    ],
)
def test_dates_and_times_are_those_of_the_readers_place_everywhere(
    hung: Gallery, windows: Windows, locale: str, line: str, exact: str
) -> None:
    page = windows.open(hung, locale=locale)
    page.locator(".tile a").nth(2).click()
    expect(page.locator(".viewer-caption span")).to_contain_text(re.compile(line))
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    page.keyboard.press("i")
    page.get_by_text("How it was made").click()
    expect(page.locator(".viewer-facts dt:text-is('Received') + dd")).to_have_text(re.compile(exact))


def test_details_say_first_what_the_picture_is(hung: Gallery, windows: Windows) -> None:
    page = windows.open(hung)
    page.locator(".tile a").nth(2).click()
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    page.keyboard.press("i")
    facts = page.locator(".viewer-facts")
    expect(facts.locator("dt").first).to_have_text("Name")
    expect(facts.locator("dt:text-is('Worker')")).to_be_hidden()
    facts.get_by_text("How it was made").click()
    expect(facts.locator("dt:text-is('Worker')")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(facts.locator("dt:text-is('Worker')")).to_be_visible()


def test_details_say_when_by_the_cameras_clock_and_with_what_it_was_taken(hung: Gallery, windows: Windows) -> None:
    data = picture("JPEG", exif=planted.exif().tobytes())
    hung.until_ended(image_id := str(hung.upload(data, "taken.jpg").json["id"]))
    page = windows.open(hung, f"/images/{image_id}", locale="de-DE", timezone_id="Asia/Tokyo")
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    page.keyboard.press("i")
    for label, text in (("Taken", re.compile(r"14 \w{3,4} 2019, 18:03")), ("Camera", "PLANTED-make")):
        expect(page.locator(f".viewer-facts dt:text-is('{label}') + dd")).to_have_text(text)


def test_an_animation_that_is_opened_from_the_grid_moves(hung: Gallery, windows: Windows) -> None:
    page = windows.open(hung)
    page.locator(".tile", has=page.locator(".badge", has_text="GIF")).locator("a").click()
    image = page.locator(".pswp__item[aria-hidden='false'] .pswp__img").last
    expect(image).to_have_attribute("src", re.compile("/original$"))


def test_on_paper_no_page_is_blank_and_no_picture_is_cut(hung: Gallery, windows: Windows) -> None:
    page = windows.open(hung)
    expect(page.locator(".tile.ready").first).to_be_visible()
    page.emulate_media(media="print")
    width = page.evaluate("document.documentElement.clientWidth")
    boxes = page.evaluate(
        "[...document.querySelectorAll('.tile')].map((tile) => tile.getBoundingClientRect())"
        ".map(({ x, y, width, height }) => [x, y, width, height])"
    )
    assert len(boxes) > 20
    for n, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x <= x + w <= width + 1
        for other_x, other_y, other_w, other_h in boxes[:n]:
            apart = x + w <= other_x or other_x + other_w <= x or y + h <= other_y or other_y + other_h <= y
            assert apart
    rows = max(y + h for _, y, _, h in boxes)
    assert page.evaluate("document.documentElement.scrollHeight") < rows + 300
    pdf = page.pdf(format="A4")
    sheets = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert sheets <= rows / 900 + 3
    expect(page.locator(".bar")).to_be_hidden()


def test_a_phone_is_not_told_to_drop_anything(tmp_path_factory: pytest.TempPathFactory, windows: Windows) -> None:
    with prepared(tmp_path_factory.mktemp("nothing")) as gallery:
        gallery.start_redis()
        gallery.start_web()
        page = windows.page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        page.goto(gallery.url)
        expect(page.locator(".empty")).to_contain_text("take one with the camera")
        expect(page.locator(".empty")).not_to_contain_text(re.compile("drop", re.IGNORECASE))
        gallery.upload(picture(size=(200, 600)), "a-narrow-one-that-waits.png")
        expect(page.locator(".tile.pending .why")).to_be_visible()
        why = page.locator(".tile.pending .why").bounding_box()
        assert why is not None
        assert why["height"] < 26
        page.close()
