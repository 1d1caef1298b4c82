"""Firefox and WebKit upload, show the grid, and view: what people do first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.files import pictures
from tests.browser.webdriver import Window, running_or_skipped
from tests.pictures import picture
from tests.product import Gallery, until


@pytest.fixture(params=["firefox", "webkit"])
def window(request: pytest.FixtureRequest) -> Iterator[Window]:
    with running_or_skipped(request.param) as window:
        yield window


def test_a_person_uploads_looks_deletes_and_undoes(gallery: Gallery, window: Window, tmp_path: Path) -> None:
    standing = gallery.upload(picture(size=(900, 600)), "standing.png").json["id"]
    gallery.until_ended(standing)
    window.open(gallery.url)
    window.wait(".tile.ready img")
    empty = tmp_path / "empty.png"
    empty.touch()
    window.choose("input[name=pictures]", [*pictures(tmp_path, 3), empty])
    until(lambda: window.text(".uploads strong") == "3 pictures added", 60)
    assert "The file is empty" in window.text(".uploads li.refused")
    window.wait(".tile.ready img", 4)
    until(lambda: window.run("return [...document.querySelectorAll('.tile img')].every((img) => img.naturalWidth)"), 60)
    # what happens elsewhere shows by itself
    other = gallery.upload(picture(), "other.png").json["id"]
    window.wait(f".tile.ready[data-id='{other}']")
    window.click(f".tile[data-id='{standing}'] a")
    window.wait(".pswp.viewer-open")
    assert window.text(".viewer-caption strong") == "standing.png"
    window.press("i")
    window.wait(".viewer-facts")
    window.press("Escape")
    window.press("s")
    window.wait(".pswp.showing")
    window.press("Escape")
    window.press("Escape")
    window.wait(".pswp", 0)
    until(lambda: window.run("return document.activeElement.closest('.tile')?.dataset.id") == standing, 60)
    window.press("Delete")
    window.wait(f".tile[data-id='{standing}']", 0)
    until(lambda: gallery.call("GET", f"/api/images/{standing}").status == 404, 60)
    window.press("Control", "z")
    window.wait(f".tile[data-id='{standing}']")
    until(lambda: gallery.call("GET", f"/api/images/{standing}").status == 200, 60)


def test_a_person_finds_what_was_deleted_in_the_trash(gallery: Gallery, window: Window) -> None:
    ids = [gallery.upload(picture(), f"{name}.png").json["id"] for name in ("one", "two")]
    for image_id in ids:
        gallery.until_ended(image_id)
        gallery.call("DELETE", f"/api/images/{image_id}")
    window.open(f"{gallery.url}/trash")
    window.wait(".binned li", 2)
    window.click(".binned li:last-child [data-kind=restore] button")
    window.wait(".binned li", 1)
    until(lambda: window.text("[role=status]") == "one.png was restored.", 60)
    assert gallery.call("GET", f"/api/images/{ids[0]}").status == 200
    window.click("[data-kind=purge] button")
    window.wait("dialog[open]")
    window.click("dialog button[value=yes]")
    window.wait(".binned li", 0)
    assert gallery.call("GET", "/api/trash").json["images"] == []
    # the fixture fails if a page said anything else
    window.run("console.warn('heard')")
    until(lambda: any("heard" in text for text in window.complaints()), 60)
    window.expected = ("heard",)
