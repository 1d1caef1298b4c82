"""In Firefox and WebKit, which turn other originals than Chromium does, the viewer shows every picture as recorded."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.browser.test_original import pictures
from tests.browser.webdriver import Window, running_or_skipped
from tests.product import Gallery, prepared, until

_SIDE = 16
_APART = 14.0
# What the viewer shows last of an image, as large as that, in as many pixels of a square.
_SHOWN = """
const found = [...document.querySelectorAll(`.pswp__img[src*='${arguments[0]}']`)].at(-1);
if (!found || !found.complete || !found.naturalWidth) return null;
const canvas = document.createElement("canvas");
canvas.width = canvas.height = arguments[1];
const context = canvas.getContext("2d");
context.imageSmoothingQuality = "high";
context.drawImage(found, 0, 0, arguments[1], arguments[1]);
const pixels = [...context.getImageData(0, 0, arguments[1], arguments[1]).data];
return { src: found.getAttribute("src"), width: found.naturalWidth, height: found.naturalHeight, pixels };
"""
_BUTTON = """
const button = document.querySelector(".pswp__button--original");
return Boolean(button && button.getClientRects().length);
"""
_HAS_ORIGINAL = """
return document.querySelector(".pswp__img[src$='/original'], .pswp__img[src$='/download']") !== null;
"""


@pytest.fixture(scope="module", params=["firefox", "webkit"])
def window(request: pytest.FixtureRequest) -> Iterator[Window]:
    with running_or_skipped(request.param) as window:
        yield window


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, dict[str, str]]]:
    with prepared(tmp_path_factory.mktemp("firefox-gallery")) as gallery:
        gallery.start_all()
        ids = {name: gallery.upload(data, name).json["id"] for name, data in pictures().items()}
        for image_id in ids.values():
            assert gallery.until_ended(image_id)["state"] == "ready"
        yield gallery, ids


@pytest.mark.parametrize("name", [name for name in pictures() if name not in ("moving.gif", "moving.webp")])
def test_the_viewer_shows_the_picture_upright(name: str, hung: tuple[Gallery, dict[str, str]], window: Window) -> None:
    gallery, ids = hung
    record = gallery.call("GET", f"/api/images/{ids[name]}").json
    window.open(f"{gallery.url}/images/{ids[name]}")
    until(lambda: window.run(_SHOWN, ids[name], _SIDE), 60)
    if window.run(_BUTTON):
        window.run("document.querySelector('.pswp__button--original').click()")
        # the original takes the place, or the button goes
        until(lambda: window.run(_HAS_ORIGINAL) or not window.run(_BUTTON), 60)
    shown = until(lambda: window.run(_SHOWN, ids[name], _SIDE), 60)
    assert abs(shown["width"] * record["height"] - shown["height"] * record["width"]) <= max(
        record["width"], record["height"]
    )
    with Image.open(io.BytesIO(gallery.call("GET", record["links"]["view"]).body)) as view:
        wanted = view.convert("RGBA").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    seen = Image.frombytes("RGBA", (_SIDE, _SIDE), bytes(shown["pixels"])).convert("RGB")
    # browsers fill what is missing each in its own way
    there = wanted.getchannel("A").point(lambda value: 255 * (value > 250))
    apart = ImageStat.Stat(ImageChops.difference(seen, wanted.convert("RGB")), there)
    assert max(apart.mean) < _APART, shown["src"]


@pytest.mark.parametrize("name", ["plain.jpg", "turned.jpg"])
def test_an_original_that_is_shown_as_recorded_takes_the_place(
    name: str, hung: tuple[Gallery, dict[str, str]], window: Window
) -> None:
    gallery, ids = hung
    window.open(f"{gallery.url}/images/{ids[name]}")
    until(lambda: window.run(_BUTTON), 60)
    window.run("document.querySelector('.pswp__button--original').click()")
    until(lambda: window.run(_HAS_ORIGINAL), 60)
