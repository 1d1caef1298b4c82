"""Views in the format that serves: AVIF for opaque photographs, WebP for all else, or JPEG for those who want speed."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from pipeline.errors import BadSetting
from pipeline.images.formats import Format, Limits, identify
from pipeline.images.recipe import EFFORT, VIEW
from pipeline.images.view_format import Kind, ViewFormat
from pipeline.settings import Settings
from tests.render_fixtures import encoded
from tests.view_formats import DRAWN, TAKEN, clear, landscape
from worker.engine.encode import available, avif_is_there
from worker.engine.encode import encoded as encode
from worker.engine.picture import Rendition
from worker.engine.render import render, upright_view
from worker.render_process.answers import check_picture
from worker.render_process.channel import BrokenProtocol
from worker.render_process.renderer import Renderer
from worker.render_process.whole import is_whole


def made_of(data: bytes, view_format: ViewFormat = ViewFormat.AUTO) -> tuple[Kind | None, Rendition]:
    made: list[Rendition] = []
    found = render(io.BytesIO(data), Limits(), made.append, view_format=view_format)
    grid, view = made
    assert grid.format is identify(grid.data) is Format.WEBP
    assert view.format is identify(view.data)
    return found.kind, view


def test_a_look_is_found_only_if_it_is_asked_for() -> None:
    data, made = TAKEN["a landscape"](), list[Rendition]()
    found = render(io.BytesIO(data), Limits(), made.append, wanted=("view",), look=False)
    assert (found.placeholder, found.color, [one.name for one in made]) == (None, None, ["view"])
    assert check_picture(found, {"view": (made[0].width, made[0].height)}, ("view",), look=False) is found
    for look, other in ((True, found), (False, replace(found, placeholder="AAAA")), (False, replace(found, color="#"))):
        with pytest.raises(BrokenProtocol, match="placeholder"):
            check_picture(other, {"view": (made[0].width, made[0].height)}, ("view",), look=look)


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


@pytest.mark.parametrize(
    ("longest", "view_format", "scale"),
    [
        (4000, ViewFormat.AUTO, 2), (3998, ViewFormat.AUTO, 1), (3264, ViewFormat.AUTO, 1),
        (3264, ViewFormat.JPEG, 2), (4000, ViewFormat.WEBP, 1), (4800, ViewFormat.WEBP, 2),
    ],
)  # fmt: skip
def test_the_decoder_of_a_photograph_scales_only_as_far_as_the_format_of_its_view_allows(
    longest: int, view_format: ViewFormat, scale: int
) -> None:
    data = encoded(landscape().convert("RGB").resize((longest, longest * 3 // 4)), "JPEG", quality=92)
    view = made_of(data, view_format)[1]
    wanted, other = (
        encode("view", upright_view(io.BytesIO(data), Limits(), gap=longest / part / VIEW).picture, view.format, EFFORT)
        for part in (scale, 3 - scale)
    )
    assert view.data == wanted != other


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


def test_a_confined_process_makes_a_view_of_what_needs_no_scaling(tmp_path: Path) -> None:
    original = tmp_path / "original"
    small = landscape().convert("RGB").resize((816, 612))
    for view_format in ViewFormat:
        renderer = Renderer(Limits(), 60, lambda: None, view_format=view_format)
        try:
            for kind in ("JPEG", "PNG", "WEBP"):
                original.write_bytes(encoded(small, kind))
                for wanted in (("grid", "view"), ("view",), ("grid",)):
                    made: list[Rendition] = []
                    renderer.render(original, made.append, wanted)
                    assert [one.name for one in made] == list(wanted)
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
