"""Views in the format that serves: AVIF for opaque photographs, WebP for all else, or JPEG for those who want speed."""

from __future__ import annotations

import http.client
import io
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from pipeline.errors import BadSetting
from pipeline.images.formats import Format, Limits, identify
from pipeline.images.view_format import Kind, ViewFormat
from pipeline.settings import Settings
from pipeline.store import NothingToDo, Store
from pipeline.store.checks.image import check_image
from pipeline.store.regeneration import Made, Which, is_wanted, regenerating
from tests.conftest import Gallery
from tests.landscapes import scene
from tests.render_fixtures import encoded
from tests.stores import accept
from tests.test_regenerate import regenerate, store_of
from worker.engine.encode import available, avif_is_there
from worker.engine.render import Rendition, render, upright_view
from worker.render_process.renderer import Renderer
from worker.render_process.whole import is_whole

WIDE = (2000, 1200)


def landscape() -> Image.Image:
    return Image.open(io.BytesIO(scene(3, WIDE)[1]))


def text(size: tuple[int, int], height: int) -> Image.Image:
    dice, page = random.Random(4), Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(height)
    for top in range(0, size[1], round(height * 1.4)):
        draw.text((9, top), "".join(dice.choices("abcdefghij klmno pqrstu vwxyz ", k=300)), fill="black", font=font)
    return page


def drawing() -> Image.Image:
    dice, page = random.Random(4), Image.new("RGB", WIDE, "#fff8e0")
    draw = ImageDraw.Draw(page)
    for _ in range(60):
        x, y, radius = dice.randrange(WIDE[0]), dice.randrange(WIDE[1]), dice.randrange(20, 300)
        colour = dice.choice(["#e33", "#39c", "#4a4", "#fc0", "#96c"])
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour, outline="black", width=5)
    return page


def screenshot() -> Image.Image:
    """A window with a list, and a photograph in a corner of it."""
    page = Image.new("RGB", WIDE, "#f4f4f6")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, WIDE[0], 60), fill="#23272f")
    page.paste(text((1200, 1000), 15), (40, 120))
    page.paste(landscape().resize((400, 240)), (1500, 120))
    return page


def sky(noise: float, blur: float) -> Image.Image:
    slope = Image.linear_gradient("L").resize(WIDE).convert("RGB")
    bands = [
        band.point(lambda value, part=part: value * part)
        for band, part in zip(slope.split(), (0.5, 0.7, 0.95), strict=True)
    ]
    grain = Image.effect_noise(WIDE, noise).convert("RGB")
    return ImageChops.add(Image.merge("RGB", bands), grain, 1, -128).filter(ImageFilter.GaussianBlur(blur))


def clear() -> Image.Image:
    picture = landscape().convert("RGBA")
    picture.putpixel((7, 7), (0, 0, 0, 0))
    return picture


DRAWN: dict[str, Callable[[], bytes]] = {
    "a text": lambda: encoded(text(WIDE, 14), "PNG"),
    "a text that is scaled": lambda: encoded(text((3840, 2160), 26), "PNG"),
    "a text in a JPEG": lambda: encoded(text(WIDE, 16), "JPEG", quality=80),
    "a drawing": lambda: encoded(drawing(), "PNG"),
    "a drawing in a JPEG": lambda: encoded(drawing(), "JPEG", quality=90),
    "a drawing in a GIF": lambda: encoded(drawing().quantize(32), "GIF"),
    "a screenshot": lambda: encoded(screenshot(), "PNG"),
    "one colour": lambda: encoded(Image.new("RGB", WIDE, "teal"), "PNG"),
    "a pixel": lambda: encoded(Image.new("L", (1, 1)), "PNG"),
}
TAKEN: dict[str, Callable[[], bytes]] = {
    "a landscape": lambda: scene(3, WIDE)[1],
    "a landscape in a PNG": lambda: encoded(landscape(), "PNG"),
    "a landscape without colours": lambda: encoded(landscape().convert("L"), "JPEG"),
    "an alpha channel that hides nothing": lambda: encoded(landscape().convert("RGBA"), "PNG"),
    "a smooth sky": lambda: encoded(sky(6, 3), "JPEG", quality=75),
    "a sky": lambda: encoded(sky(6, 0), "JPEG", quality=85),
    "grain": lambda: encoded(Image.effect_noise(WIDE, 40), "JPEG", quality=85),
}


def made_of(data: bytes, view_format: ViewFormat = ViewFormat.AUTO) -> tuple[Kind | None, Rendition]:
    made: list[Rendition] = []
    found = render(io.BytesIO(data), Limits(), made.append, view_format=view_format)
    grid, view = made
    assert grid.format is identify(grid.data) is Format.WEBP
    assert view.format is identify(view.data)
    return found.kind, view


@pytest.mark.parametrize("what", DRAWN)
def test_what_is_drawn_gets_a_webp(what: str) -> None:
    kind, view = made_of(DRAWN[what]())
    assert (kind, view.format) == (Kind.GRAPHIC, Format.WEBP)


@pytest.mark.parametrize("what", TAKEN)
def test_what_a_camera_took_gets_an_avif(what: str) -> None:
    kind, view = made_of(TAKEN[what]())
    assert (kind, view.format) == (Kind.PHOTOGRAPH, Format.AVIF)


def test_what_is_transparent_stays_so_whatever_is_set() -> None:
    for view_format in ViewFormat:
        kind, view = made_of(encoded(clear(), "PNG"), view_format)
        assert (kind, view.format) == (Kind.TRANSPARENT, Format.WEBP)
        assert Image.open(io.BytesIO(view.data)).mode == "RGBA"


def test_every_opaque_picture_gets_the_format_that_is_set() -> None:
    for data in (TAKEN["a landscape"](), DRAWN["a drawing"]()):
        for view_format in (ViewFormat.JPEG, ViewFormat.WEBP):
            assert made_of(data, view_format)[1].format.value == view_format.value


def test_a_view_in_any_format_looks_as_its_original_and_holds_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x010E] = "planted"
    original = encoded(landscape(), "JPEG", quality=92, exif=exif, comment=b"planted")
    wanted = upright_view(io.BytesIO(original), Limits()).picture
    for view_format in ViewFormat:
        view = made_of(original, view_format)[1]
        assert b"planted" not in view.data
        picture = Image.open(io.BytesIO(view.data))
        assert not {"exif", "icc_profile", "xmp", "comment"} & picture.info.keys()
        apart = ImageChops.difference(wanted.convert("L"), picture.convert("L")).histogram()
        assert sum(value * value * count for value, count in enumerate(apart)) / wanted.width / wanted.height < 60


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1), (2, 2), (1600, 1), (1, 1600), (333, 222)])
def test_a_picture_of_any_size_is_whole_in_any_format(size: tuple[int, int]) -> None:
    noise = encoded(Image.effect_noise(size, 80).convert("RGB"), "PNG")
    for view_format in ViewFormat:
        view = made_of(noise, view_format)[1]
        assert (view.width, view.height) == Image.open(io.BytesIO(view.data)).size == size
        assert is_whole(view.format, view.data)
        for wrong in (view.data + b"x", view.data[:-1], view.data[: len(view.data) // 2], view.data * 2):
            assert not is_whole(view.format, wrong)


def test_a_confined_process_makes_every_format_in_one_thread(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(TAKEN["a landscape"]())
    for view_format, format_ in zip(ViewFormat, (Format.AVIF, Format.WEBP, Format.JPEG), strict=True):
        renderer, made = Renderer(Limits(), 60, lambda: None, view_format=view_format), list[Rendition]()
        try:
            renderer.render(original, made.append)
            assert [one.format for one in made] == [Format.WEBP, format_]
            assert os.listdir(f"/proc/{renderer.pid}/task") == [str(renderer.pid)]
        finally:
            renderer.stop()


def test_a_pillow_without_avif_makes_webp(monkeypatch: pytest.MonkeyPatch) -> None:
    assert avif_is_there()
    monkeypatch.setattr("PIL.features.check", lambda feature: False)
    assert not avif_is_there()
    assert [available(one) for one in (Format.AVIF, Format.JPEG)] == [Format.WEBP, Format.JPEG]


def test_a_format_that_is_not_offered_is_refused_at_the_start() -> None:
    with pytest.raises(BadSetting, match="GALLERY_VIEW_FORMAT must be one of auto, webp, jpeg"):
        Settings.from_environment({"GALLERY_VIEW_FORMAT": "avif"})


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


def grid_and_view(format_: Format) -> list[Made]:
    return [Made("grid", b"grid", 1, 1), Made("view", format_.value.encode(), 1, 1, format_)]


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
