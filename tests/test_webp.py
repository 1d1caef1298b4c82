"""The encoder of the renditions: libwebp as Pillow calls it, and a little better."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat, _webp

from pipeline.images.recipe import GRID, VIEW
from tests.product import ROOT
from tests.render_fixtures import scene
from worker.engine import encode_webp
from worker.engine.encode_webp import ENCODINGS, Encoding, encoded


def by_pillow(picture: Image.Image, encoding: Encoding) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=encoding.quality, method=encoding.effort)
    return out.getvalue()


def with_edges(picture: Image.Image) -> Image.Image:
    """The picture, partly transparent."""
    picture = picture.copy()
    picture.putalpha(Image.radial_gradient("L").resize(picture.size).point(lambda value: 0 if value < 90 else value))
    return picture


def difference(data: bytes, picture: Image.Image) -> float:
    """Of brightness, root mean square."""
    with Image.open(io.BytesIO(data)) as made:
        found = ImageStat.Stat(ImageChops.difference(made.convert("L"), picture.convert("L"))).rms[0]
    assert isinstance(found, float)
    return found


@pytest.fixture
def _no_libwebp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A Pillow that lies where its libwebp cannot be asked for."""
    monkeypatch.setattr(_webp, "__file__", str(tmp_path / "none.so"))
    encode_webp._libwebp.cache_clear()
    yield
    encode_webp._libwebp.cache_clear()


@pytest.fixture
def _other_generation(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A libwebp whose structures are not those we know."""
    monkeypatch.setattr(encode_webp, "_ABI", 0x0300)
    encode_webp._libwebp.cache_clear()
    yield
    encode_webp._libwebp.cache_clear()


@pytest.mark.parametrize("encoding", [Encoding(), Encoding(quality=37.5, effort=2)])
def test_what_pillow_can_say_too_gives_the_same_bytes(encoding: Encoding) -> None:
    for picture in (scene((640, 400)), with_edges(scene((333, 207))), Image.new("RGB", (1, 1), "red")):
        assert encoded(picture, encoding) == by_pillow(picture, encoding)


@pytest.mark.parametrize(("name", "longest"), [("grid", GRID), ("view", VIEW)])
def test_the_renditions_come_nearer_to_their_originals_for_as_many_bytes(name: str, longest: int) -> None:
    picture = scene((longest, longest * 3 // 4))
    ours, pillows = encoded(picture, ENCODINGS[name]), by_pillow(picture, Encoding())
    assert len(ours) <= len(pillows) * 1.01
    assert difference(ours, picture) < difference(pillows, picture)


@pytest.mark.parametrize("why", ["_no_libwebp", "_other_generation"])
def test_where_libwebp_is_out_of_reach_pillow_writes(why: str, request: pytest.FixtureRequest) -> None:
    assert encode_webp.libwebp_is_called()
    request.getfixturevalue(why)
    assert not encode_webp.libwebp_is_called()
    for picture in (scene((320, 200)), with_edges(scene((320, 200)))):
        assert encoded(picture, ENCODINGS["grid"]) == by_pillow(picture, ENCODINGS["grid"])


def test_a_bound_of_memory_is_told_from_a_picture_that_cannot_be_encoded() -> None:
    """In a process of its own, which may have a few megabytes more than it holds."""
    program = """
import resource
from PIL import Image
from worker.engine.encode_webp import ENCODINGS, encoded
picture = Image.effect_noise((1600, 1600), 90).convert("RGB")
encoded(picture.resize((64, 64)), ENCODINGS["view"])
held = int(open("/proc/self/status").read().partition("VmData:")[2].split(maxsplit=1)[0]) * 1024
for more in range(0, 30_000_000, 500_000):
    resource.setrlimit(resource.RLIMIT_DATA, (held + more, resource.RLIM_INFINITY))
    try:
        encoded(picture, ENCODINGS["view"])
    except MemoryError:
        print("too little", flush=True)
print("enough")
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = ended.stdout.split("\n")
    assert (lines[0], lines[-2]) == ("too little", "enough")


def test_a_picture_that_webp_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="error 5"):
        encoded(Image.new("RGB", (16384, 1)), Encoding())
