"""Line art on nothing: its lines show up, whether they are black or white, in the grid and in the viewer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Literal

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Windows
from tests.product import Gallery, prepared, until

INKS = {"black": (0, 0, 0), "white": (255, 255, 255)}
IS_LOADED = "(img) => img.complete && img.naturalWidth > 0"
_IS_UNCOVERED = """(img) => !img.matches('.coming') && getComputedStyle(img).opacity === '1'
  && !img.parentElement.style.backgroundImage"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, dict[str, str]]]:
    """A black and a white bar across the middle of nothing, both among the pictures, and one of each."""
    with prepared(tmp_path_factory.mktemp("drawn")) as gallery:
        gallery.start_all()
        ids = {name: gallery.upload(drawing([ink]), f"{name}.png").json["id"] for name, ink in INKS.items()}
        ids["both"] = gallery.upload(drawing(list(INKS.values())), "both.png").json["id"]
        for image_id in ids.values():
            assert gallery.until_ended(image_id)["state"] == "ready"
        yield gallery, ids


def drawing(inks: list[tuple[int, int, int]]) -> bytes:
    """Bars of these inks beside each other, in the middle third of nothing."""
    image = Image.new("RGBA", (600, 450), (0, 0, 0, 0))
    width = 600 // len(inks)
    for n, ink in enumerate(inks):
        ImageDraw.Draw(image).rectangle((n * width, 150, (n + 1) * width, 300), fill=(*ink, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def luminance(color: tuple[int, ...]) -> float:
    linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def least(shown: Locator) -> float:
    """The least contrast of the bars with what is seen above and below them."""
    seen = Image.open(io.BytesIO(shown.screenshot())).convert("RGB")
    width, height = seen.size
    # apart from the corners, where marks may be
    across = range(width // 4, 3 * width // 4, 3)
    inks = {pixel(seen, x, height // 2) for x in (width // 4, 3 * width // 4)}
    grounds = {pixel(seen, x, y) for x in across for y in (int(height * 0.22), int(height * 0.25), int(height * 0.75))}
    return min(contrast(ink, ground) for ink in inks for ground in grounds)


def pixel(seen: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = seen.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ink", ["black", "white", "both"])
def test_its_lines_have_contrast(
    drawn: tuple[Gallery, dict[str, str]], windows: Windows, ink: str, scheme: Literal["light", "dark"]
) -> None:
    gallery, ids = drawn
    page = windows.open(gallery, color_scheme=scheme)
    tile = page.locator(f".tile[data-id='{ids[ink]}']")
    expect(tile.locator("img")).to_be_visible()
    until(lambda: tile.locator("img").evaluate(IS_LOADED), 60)
    until(lambda: tile.locator("img").evaluate(_IS_UNCOVERED), 60)
    page.wait_for_timeout(1200)
    assert least(tile) >= 3
    tile.locator("a").click()
    expect(page.locator(".pswp.viewer-open")).to_be_visible()
    view = page.locator(".pswp__item[aria-hidden='false'] .pswp__img").last
    until(lambda: view.evaluate(IS_LOADED), 60)
    page.wait_for_timeout(600)
    assert least(view) >= 3


@pytest.mark.parametrize("ink", ["black", "white", "both"])
def test_its_lines_have_contrast_without_script(
    drawn: tuple[Gallery, dict[str, str]], windows: Windows, ink: str
) -> None:
    gallery, ids = drawn
    page = windows.page(java_script_enabled=False, color_scheme="dark")
    for address, place in (("/", f".tile a[href='/images/{ids[ink]}'] img"), (f"/images/{ids[ink]}", "figure img")):
        page.goto(f"{gallery.url}{address}")
        image = page.locator(place)
        until(lambda: image.evaluate(IS_LOADED), 60)  # noqa: B023 - called at once
        assert least(image) >= 3
