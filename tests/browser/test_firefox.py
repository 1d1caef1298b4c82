"""In Firefox, which turns other originals than Chromium does, the viewer shows every picture as it is recorded too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.browser.marionette import FIREFOX, Firefox
from tests.browser.test_original import pictures
from tests.product import Gallery, prepared

pytestmark = pytest.mark.skipif(FIREFOX is None, reason="Firefox is not installed")

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
_QUIET = """
const started = performance.now();
return new Promise((resolve) => setTimeout(() => resolve(performance.now() - started), 1500));
"""


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    browser = Firefox(tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.stop()


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gallery, dict[str, str]]]:
    with prepared(tmp_path_factory.mktemp("firefox-gallery")) as gallery:
        gallery.start_all()
        ids = {name: gallery.upload(data, name).json["id"] for name, data in pictures().items()}
        for image_id in ids.values():
            assert gallery.until_ended(image_id)["state"] == "ready"
        yield gallery, ids


@pytest.mark.parametrize("name", [name for name in pictures() if name not in ("moving.gif", "moving.webp")])
def test_the_viewer_shows_the_picture_upright(
    name: str, hung: tuple[Gallery, dict[str, str]], firefox: Firefox, tmp_path: Path
) -> None:
    gallery, ids = hung
    record = gallery.call("GET", f"/api/images/{ids[name]}").json
    firefox.open(f"{gallery.url}/images/{ids[name]}")
    firefox.until(_SHOWN, ids[name], _SIDE)
    if firefox.run(_BUTTON):
        firefox.run("document.querySelector('.pswp__button--original').click();")
        firefox.run(_QUIET)
    shown = firefox.until(_SHOWN, ids[name], _SIDE)
    assert abs(shown["width"] * record["height"] - shown["height"] * record["width"]) <= max(
        record["width"], record["height"]
    )
    (tmp_path / "view.webp").write_bytes(gallery.call("GET", record["links"]["view"]).body)
    with Image.open(tmp_path / "view.webp") as view:
        wanted = view.convert("RGBA").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    seen = Image.frombytes("RGBA", (_SIDE, _SIDE), bytes(shown["pixels"])).convert("RGB")
    # browsers fill what is missing each in its own way
    there = wanted.getchannel("A").point(lambda value: 255 * (value > 250))
    apart = ImageStat.Stat(ImageChops.difference(seen, wanted.convert("RGB")), there)
    assert max(apart.mean) < _APART, shown["src"]


@pytest.mark.parametrize("name", ["plain.jpg", "turned.jpg"])
def test_an_original_that_is_shown_as_recorded_takes_the_place(
    name: str, hung: tuple[Gallery, dict[str, str]], firefox: Firefox
) -> None:
    gallery, ids = hung
    firefox.open(f"{gallery.url}/images/{ids[name]}")
    firefox.until(_BUTTON)
    firefox.run("document.querySelector('.pswp__button--original').click();")
    firefox.until(
        "return document.querySelector(`.pswp__img[src$='/original'], .pswp__img[src$='/download']`) !== null;"
    )
