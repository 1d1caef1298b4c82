"""By keyboard alone: nothing loses the focus, and everything that was deleted comes back in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bench.make_volume import make
from tests.browser.conftest import Windows
from tests.indexes import is_whole
from tests.pictures import picture
from tests.product import Gallery, prepared, until

_FOCUSED = "document.activeElement.closest('.tile')?.dataset.id"


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, list[str]]]:
    """A gallery with ten pictures, and their ids, newest first."""
    with prepared(tmp_path_factory.mktemp("keyboard")) as gallery:
        gallery.start_all()
        ids = [gallery.upload(picture(), f"n{n}.png").json["id"] for n in range(10)]
        for image_id in ids:
            gallery.until_ended(image_id)
        yield gallery, ids[::-1]


def focused(page: Page, image_id: str) -> None:
    until(lambda: page.evaluate(_FOCUSED) == image_id, 60)


def focus(page: Page, image_id: str) -> None:
    page.locator(f".tile[data-id='{image_id}'] a").focus()


def shown(page: Page, image_id: str) -> int:
    return page.locator(f".tile[data-id='{image_id}']").count()


def test_the_focus_goes_to_the_neighbour_and_back_to_what_is_restored(
    hung: tuple[Gallery, list[str]], windows: Windows
) -> None:
    gallery, ids = hung
    page = windows.open(gallery)
    focus(page, ids[2])
    page.keyboard.press("Delete")
    focused(page, ids[3])
    assert not shown(page, ids[2])
    page.keyboard.press("ArrowRight")
    focused(page, ids[4])
    page.keyboard.press("Control+z")
    focused(page, ids[2])
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Delete")
    focused(page, ids[4])
    page.keyboard.press("Control+z")
    focused(page, ids[2])
    focus(page, ids[9])
    page.keyboard.press("Delete")
    focused(page, ids[8])
    page.keyboard.press("Control+z")
    focused(page, ids[9])


def test_undo_is_one_tab_away_and_waits_while_it_has_the_focus(
    hung: tuple[Gallery, list[str]], windows: Windows
) -> None:
    gallery, ids = hung
    page = windows.open(gallery, clock=True)
    focus(page, ids[1])
    page.keyboard.press("Delete")
    focused(page, ids[2])
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    for _ in range(5):
        page.clock.run_for(8000)
    page.keyboard.press("Shift+Tab")
    focused(page, ids[2])
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    focused(page, ids[1])
    until(lambda: gallery.call("GET", f"/api/images/{ids[1]}").status == 200, 60)


def test_what_was_deleted_in_turn_is_undone_in_turn(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.open(gallery)
    focus(page, ids[0])
    for n in range(5):
        page.keyboard.press("Delete")
        focused(page, ids[n + 1])
    expect(page.get_by_role("button", name="Undo")).to_have_count(3)
    for n in reversed(range(5)):
        page.keyboard.press("Control+z")
        focused(page, ids[n])
    expect(page.locator(".tile")).to_have_count(10)
    expect(page.locator(".toast")).to_have_count(0)


def test_undo_in_the_viewer_returns_to_the_picture(hung: tuple[Gallery, list[str]], windows: Windows) -> None:
    gallery, ids = hung
    page = windows.open(gallery, f"/images/{ids[3]}")
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    name = page.locator(".viewer-caption strong")
    expect(name).to_have_text("n6.png")
    page.keyboard.press("Delete")
    expect(name).to_have_text("n5.png")
    page.keyboard.press("Delete")
    expect(name).to_have_text("n4.png")
    page.keyboard.press("Control+z")
    expect(name).to_have_text("n5.png")
    page.keyboard.press("Control+z")
    expect(name).to_have_text("n6.png")
    page.keyboard.press("ArrowRight")
    expect(name).to_have_text("n5.png")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(name).to_have_text("n7.png")


def test_home_and_end_take_the_focus_along(tmp_path_factory: pytest.TempPathFactory, windows: Windows) -> None:
    data = tmp_path_factory.mktemp("edges")
    make(data, 900, days=8)
    with prepared(data) as gallery:
        gallery.start_redis()
        gallery.start_web()
        until(lambda: is_whole(gallery), 120)
        page = windows.open(gallery)
        expect(page.get_by_role("slider")).to_be_visible()
        page.locator(".tile a").first.focus()
        first = page.evaluate(_FOCUSED)
        page.keyboard.press("End")
        until(lambda: page.evaluate("document.activeElement.querySelector('img')?.alt") == "picture-0.jpg", 60)
        expect(page.get_by_alt_text("picture-0.jpg", exact=True)).to_be_in_viewport()
        page.keyboard.press("ArrowLeft")
        until(lambda: page.evaluate("document.activeElement.querySelector('img')?.alt") == "picture-1.jpg", 60)
        page.evaluate("scrollTo(0, 0)")  # as by a wheel: the tile stays, and what has the focus with it
        page.wait_for_timeout(500)
        page.keyboard.press("ArrowRight")
        until(lambda: page.evaluate("document.activeElement.querySelector('img')?.alt") == "picture-0.jpg", 60)
        page.keyboard.press("Home")
        focused(page, first)
        page.close()
