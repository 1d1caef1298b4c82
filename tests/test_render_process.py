"""The process that decodes: whatever becomes of one picture, the next one gets its own answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipeline.errors import ImageNotFound, RendererDied, RenderTimeout, Unrenderable
from pipeline.images.formats import Limits
from pipeline.images.view_format import ViewFormat
from tests.children import LIES, LIES_OF_THE_CAMERA
from tests.pictures import picture, undecodable
from tests.render_fixtures import encoded, scene
from worker.__main__ import warn_of_lacks
from worker.engine.picture import Rendition
from worker.render_process.frames import Ready
from worker.render_process.renderer import CannotStart, Renderer


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    renderer = Renderer(Limits(), 30, lambda: None)
    yield renderer
    renderer.stop()


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def color_of(renderer: Renderer, original: Path) -> str:
    made: list[str] = []
    color = renderer.render(original, lambda rendition: made.append(rendition.name)).color
    assert made == ["grid", "view"]
    assert color is not None
    return color


def test_a_picture_deleted_while_it_is_made_leaves_nothing_to_the_next(renderer: Renderer, tmp_path: Path) -> None:
    red = write(tmp_path / "red", picture(color="#ff0000"))
    blue = write(tmp_path / "blue", picture(color="#0000ff"))

    def gone(rendition: Rendition) -> None:
        raise ImageNotFound("it was deleted")

    for _ in range(3):
        with pytest.raises(ImageNotFound):
            renderer.render(red, gone)
        assert color_of(renderer, blue)[5:] > "e0"


def test_a_full_volume_leaves_nothing_to_the_next(renderer: Renderer, tmp_path: Path) -> None:
    red = write(tmp_path / "red", picture(color="#ff0000"))

    def full(rendition: Rendition) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        renderer.render(red, full)
    assert color_of(renderer, write(tmp_path / "blue", picture(color="#0000ff")))[5:] > "e0"


def test_a_render_process_is_replaced_after_so_many_pictures(tmp_path: Path) -> None:
    original = write(tmp_path / "red", picture(color="#ff0000"))
    renderer, pids = Renderer(Limits(), 30, lambda: None, pictures=2), list[int | None]()
    try:
        for _ in range(4):
            assert color_of(renderer, original).startswith("#f")
            pids.append(renderer.pid)
    finally:
        renderer.stop()
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_less_effort_makes_larger_files(renderer: Renderer, tmp_path: Path) -> None:
    original = write(tmp_path / "original", encoded(scene((1600, 1000)), "JPEG", quality=90))
    hasty = Renderer(Limits(), 30, lambda: None, effort=0)
    sizes: list[list[int]] = []
    try:
        for one in (hasty, renderer):
            sizes.append([])
            one.render(original, lambda made: sizes[-1].append(len(made.data)))
    finally:
        hasty.stop()
    assert all(larger > smaller for larger, smaller in zip(*sizes, strict=True))


def test_a_broken_picture_costs_no_new_process(renderer: Renderer, tmp_path: Path) -> None:
    good = write(tmp_path / "good", picture("JPEG", color="#0000ff"))
    color_of(renderer, good)
    pid = renderer.pid
    with pytest.raises(Unrenderable):
        color_of(renderer, write(tmp_path / "broken", undecodable()))
    color_of(renderer, good)
    assert renderer.pid == pid


def test_a_worker_logs_what_the_decoders_libraries_lack(renderer: Renderer) -> None:
    renderer.start()
    assert renderer.ready is not None
    assert renderer.ready.calls_libwebp
    assert renderer.ready.writes_avif
    poor = Ready(renderer.ready.confinement, calls_libwebp=False, writes_avif=False)
    for ready, view_format, expected in (
        (renderer.ready, ViewFormat.AUTO, 0),
        (poor, ViewFormat.AUTO, 2),
        (poor, ViewFormat.WEBP, 1),
    ):
        with capture_logs() as logged:
            warn_of_lacks(ready, view_format)
        assert len(logged) == expected


@pytest.fixture(scope="module")
def liar() -> Iterator[Renderer]:
    liar = Renderer(Limits(), 20, lambda: None, child=("tests.children", "lies"))
    yield liar
    liar.stop()


@pytest.mark.parametrize("lie", LIES)
def test_what_a_decoder_that_is_taken_over_answers_reaches_nobody(
    liar: Renderer, lie: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Rendition] = []
    with pytest.raises(RendererDied) as death:
        liar.render(write(tmp_path / "original", lie.encode()), made.append)
    assert not isinstance(death.value, RenderTimeout)
    assert liar.pid is None
    assert not Path("/tmp/taken-over-by-a-pickle").exists()
    # no more than a rendition that is a picture of the right size, and comes once
    assert [one.name for one in made] in ([], ["grid"], ["grid", "view"])
    assert len(capsys.readouterr().out) < 10_000
    liar.render(write(tmp_path / "original", b"nothing but the truth"), lambda rendition: None)


@pytest.mark.parametrize("lie", LIES_OF_THE_CAMERA)
def test_what_a_reader_that_is_taken_over_says_of_the_camera_reaches_nobody(
    liar: Renderer, lie: str, tmp_path: Path
) -> None:
    with pytest.raises(RendererDied, match="no thumbnail"):
        liar.read_facts(write(tmp_path / "original", lie.encode()))
    assert liar.pid is None


def test_an_answer_that_comes_before_its_picture_is_not_taken_for_it(liar: Renderer, tmp_path: Path) -> None:
    liar.render(write(tmp_path / "original", b"the next answer"), lambda rendition: None)
    pid = liar.pid
    made: list[str] = []
    liar.render(write(tmp_path / "original", b"nothing but the truth"), lambda rendition: made.append(rendition.name))
    assert made == ["grid", "view"]
    assert liar.pid != pid


@pytest.mark.parametrize("lie", ["nothing", "half an answer"])
def test_an_answer_that_never_ends_is_not_waited_for(lie: str, tmp_path: Path) -> None:
    beats: list[None] = []
    liar = Renderer(Limits(), 7, lambda: beats.append(None), child=("tests.children", "lies"))
    try:
        with pytest.raises(RenderTimeout, match="7 seconds"):
            liar.render(write(tmp_path / "original", lie.encode()), lambda rendition: None)
    finally:
        liar.stop()
    assert beats, "the worker must be seen to be alive meanwhile"


def test_a_fault_in_a_codec_is_told_by_its_signal(tmp_path: Path) -> None:
    dying = Renderer(Limits(), 20, lambda: None, child=("tests.children", "dies"))
    try:
        with pytest.raises(RendererDied, match="SIGSEGV"):
            dying.render(write(tmp_path / "original", picture()), lambda rendition: None)
    finally:
        dying.stop()


def test_a_render_process_that_cannot_start_is_no_fault_of_a_picture(tmp_path: Path) -> None:
    broken = Renderer(Limits(), 20, lambda: None, child=("tests.children", "cannot start"))
    with pytest.raises(CannotStart, match="exit status 7"):
        broken.render(write(tmp_path / "original", picture()), lambda rendition: None)


def test_a_system_that_starts_no_processes_is_no_fault_of_the_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(CannotStart, match="No such file"):
        Renderer(Limits(), 20, lambda: None).render(write(tmp_path / "original", picture()), lambda rendition: None)
