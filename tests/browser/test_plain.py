"""The gallery without JavaScript: everything essential works."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Windows
from tests.pictures import picture, undecodable
from tests.product import Gallery


def test_a_person_uploads_and_sees_the_thumbnails(gallery: Gallery, windows: Windows, tmp_path: Path) -> None:
    paths = []
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        path = tmp_path / f"picture.{kind.lower()}"
        path.write_bytes(picture(kind))
        paths.append(path)
    paths.append(tmp_path / "notes.txt")
    paths[-1].write_text("not a picture")
    page = windows.page(java_script_enabled=False)
    page.goto(gallery.url)
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
    page.get_by_label("Pictures").set_input_files(paths)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("alert")).to_contain_text("notes.txt: This format is not accepted.")
    page.get_by_role("link", name="Gallery").click()
    expect(page.locator(".tile.ready img")).to_have_count(4, timeout=30_000)
    for image in gallery.call("GET", "/api/images").json["images"]:
        gallery.until_ended(image["id"])
        gallery.until_listed(image["id"])
    page.goto(gallery.url)  # which no longer reloads itself
    page.locator(".tile.ready img").first.click()
    expect(page.get_by_role("heading", name="picture.webp")).to_be_visible()
    for label in ("Received", "Queued", "Started", "Finished"):
        expect(page.locator(f"dt:text-is('{label}') + dd")).to_contain_text("UTC")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".tile")).to_have_count(3)


def test_a_failed_picture_is_explained_and_retried(gallery: Gallery, windows: Windows) -> None:
    image_id = gallery.upload(undecodable("PNG"), "damaged.png").json["id"]
    before = gallery.until_ended(image_id)["finished_at"]
    page = windows.page(java_script_enabled=False)
    page.goto(gallery.url)
    expect(page.locator(".tile.failed")).to_contain_text("damaged and cannot be decoded")
    expect(page.locator(".notices")).to_contain_text("1 picture failed")
    page.get_by_role("button", name="Retry", exact=True).click()
    assert gallery.until_ended(image_id)["finished_at"] != before


def test_older_pictures_are_a_link_away(gallery: Gallery, windows: Windows) -> None:
    ids = [gallery.upload(picture(), f"{n}.png").json["id"] for n in range(61)]
    page = windows.page(java_script_enabled=False)
    for image_id in ids:
        gallery.until_ended(image_id)
    gallery.until_listed(*ids)
    page.goto(gallery.url)
    expect(page.locator(".tile")).to_have_count(60)
    page.get_by_role("link", name="Older pictures").click()
    expect(page).to_have_url(re.compile(f"before={sorted(ids)[1]}"))
    expect(page.locator(".tile")).to_have_count(1)
