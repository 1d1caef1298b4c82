"""A view of another format takes the place of the one before, at any crash, and each address leads to the file."""

from __future__ import annotations

import http.client
import os
from pathlib import Path

import pytest

from pipeline.images.formats import Format
from pipeline.images.view_format import Kind, ViewFormat
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store
from pipeline.store.checks.image import check_image
from pipeline.store.regeneration import RenderedFile, Which, is_wanted, regenerating
from tests.conftest import Gallery
from tests.render_fixtures import encoded
from tests.stores import accept
from tests.test_regenerate import regenerate, store_of
from tests.view_formats import DRAWN, TAKEN, clear


def led(gallery: Gallery, path: str) -> tuple[int, str | None, str | None]:
    """The answer itself: its status, where it leads, and how long that may be remembered."""
    connection = http.client.HTTPConnection("127.0.0.1", gallery.port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Location"], answer.headers["Cache-Control"]
    finally:
        connection.close()


def files(gallery: Gallery, image_id: str) -> list[str]:
    return sorted(path.name for path in store_of(gallery).layout.image(image_id).iterdir())


def test_each_address_serves_its_own_file_and_others_lead_to_it(gallery: Gallery) -> None:
    image_id = gallery.upload(TAKEN["a landscape"]()).json["id"]
    record = gallery.until_ended(image_id)
    grid, view = record["links"]["grid"], record["links"]["view"]
    assert {name: info["format"] for name, info in record["renditions"].items()} == {"grid": "webp", "view": "avif"}
    assert record["kind"] == "photograph"
    assert view.startswith(f"/images/{image_id}/view.avif?v=")
    assert files(gallery, image_id) == ["grid.webp", "image.json", "original.jpg", "view.avif"]

    whole = gallery.call("GET", view)
    assert (whole.status, whole.headers["Content-Type"]) == (200, "image/avif")
    assert len(whole.body) == record["renditions"]["view"]["bytes"]
    assert "immutable" in whole.headers["Cache-Control"]
    assert gallery.call("GET", view, headers={"If-None-Match": whole.headers["ETag"]}).status == 304
    part = gallery.call("GET", view, headers={"Range": "bytes=4-11"})
    assert (part.status, part.body) == (206, b"ftypavif")
    for path in ("view.webp", "view.webp?v=5-1", "view.jpg"):
        assert led(gallery, f"/images/{image_id}/{path}") == (302, view, "no-cache")
    assert led(gallery, grid)[0] == 200
    assert gallery.call("GET", f"/images/{image_id}/view.png").status == 404

    gallery.until_listed(image_id)
    page = gallery.call("GET", "/").body.decode()
    assert page.count('<source type="image/avif"') == 1
    assert f'<source type="image/avif" srcset="{view}"><img' in gallery.call("GET", f"/images/{image_id}").body.decode()
    gallery.call("DELETE", f"/api/images/{image_id}")
    assert not store_of(gallery).layout.image(image_id).exists()
    assert gallery.call("GET", view).status == 404


def test_another_setting_makes_outdated_what_it_would_make_otherwise(gallery: Gallery) -> None:
    originals = TAKEN["a sky"](), DRAWN["a drawing"](), encoded(clear(), "PNG")
    ids = [gallery.upload(data).json["id"] for data in originals]
    before = [gallery.until_ended(image_id)["links"] for image_id in ids]
    assert "Nothing to make again" in regenerate(gallery)[1]
    for name in ("worker.1", "worker.2"):
        gallery.stop(name)
        gallery.start(name, "worker", GALLERY_VIEW_FORMAT="jpeg")
    gallery.environ["GALLERY_VIEW_FORMAT"] = "jpeg"
    assert "Nothing to make again" in regenerate(gallery, "--missing")[1]
    assert "2 made" in regenerate(gallery)[1]
    assert "Nothing to make again" in regenerate(gallery)[1]
    for image_id, links, kind in zip(ids, before, ("jpg", "jpg", "webp"), strict=True):
        after = gallery.call("GET", f"/api/images/{image_id}").json["links"]
        assert f"/view.{kind}?" in after["view"]
        assert [name for name in files(gallery, image_id) if "view" in name] == [f"view.{kind}"]
        if kind == "jpg":
            assert led(gallery, links["view"]) == (302, after["view"], "no-cache")
        assert gallery.call("GET", after["view"]).status == 200
        volume = store_of(gallery).volume
        assert list(check_image(volume, volume.layout.image(image_id), None, deep=True)) == []


class Dead(Exception):
    """The process ended here."""


def grid_and_view(format_: Format) -> list[RenderedFile]:
    return [RenderedFile("grid", b"grid", 1, 1), RenderedFile("view", format_.value.encode(), 1, 1, format_)]


def put(store: Store, image_id: str, format_: Format, *, dies: bool = False) -> None:
    with store.attempt(image_id, worker="test") as attempt:
        for made in grid_and_view(format_):
            attempt.put(made.name, made.data, made.width, made.height, made.format)
        if dies:
            raise Dead
        attempt.finish()


def opened(folder: Path) -> Store:
    store = Store(Settings.from_environment({"GALLERY_DATA": str(folder)}))
    store.prepare()
    return store


def names(store: Store, image_id: str) -> set[str]:
    return {path.name for path in store.layout.image(image_id).iterdir()} - {"original.jpg", "image.json", "grid.webp"}


def test_what_an_attempt_that_died_made_goes_when_the_next_one_makes_another_format(tmp_path: Path) -> None:
    store = opened(tmp_path)
    image_id = accept(store, TAKEN["grain"]())
    with pytest.raises(Dead):
        put(store, image_id, Format.AVIF, dies=True)
    assert names(store, image_id) == {"view.avif"}
    marker = store.layout.marker(image_id)
    begun = marker.read_bytes()
    put(store, image_id, Format.JPEG)
    assert names(store, image_id) == {"view.jpg"}

    # as if it had died after its record was written
    (store.layout.image(image_id) / "view.avif").write_bytes(b"avif")
    marker.write_bytes(begun)
    with pytest.raises(NothingToDo):  # what the sweep's job does
        put(store, image_id, Format.WEBP)
    assert names(store, image_id) == {"view.jpg"}
    assert not marker.exists()
    assert list(check_image(store.volume, store.layout.image(image_id), None, deep=True)) == []


def remake(store: Store, image_id: str, format_: Format) -> None:
    with regenerating(store, image_id) as work:
        work.replace(grid_and_view(format_), kind=Kind.PHOTOGRAPH)


def test_a_view_of_another_format_replaces_the_one_before_and_what_a_crash_left(tmp_path: Path) -> None:
    store = opened(tmp_path)
    image_id = accept(store, TAKEN["grain"]())
    put(store, image_id, Format.WEBP)
    for format_, left in ((Format.AVIF, "view.jpg"), (Format.WEBP, "view.jpg")):
        (store.layout.image(image_id) / left).write_bytes(b"left by a crash")
        remake(store, image_id, format_)
        assert names(store, image_id) == {f"view.{format_}"}
        assert is_wanted(store, image_id, Which.OUTDATED, ViewFormat.AUTO) is (format_ is not Format.AVIF)
        assert list(check_image(store.volume, store.layout.image(image_id), None, deep=True)) == []
    assert not os.listdir(store.layout.pending)


def test_the_address_of_a_view_that_was_made_again_in_another_format_leads_to_it(bare: Gallery) -> None:
    bare.start_redis()
    bare.start_web()
    store = store_of(bare)
    image_id = accept(store, TAKEN["grain"]())
    put(store, image_id, Format.WEBP)
    old = bare.call("GET", f"/api/images/{image_id}").json["links"]["view"]
    remake(store, image_id, Format.AVIF)
    assert led(bare, old) == (302, bare.call("GET", f"/api/images/{image_id}").json["links"]["view"], "no-cache")
