"""Originals without what they tell of people: compared by exiftool, byte by byte, and pixel by pixel."""

from __future__ import annotations

import io
import json
import re
import subprocess
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image, ImageSequence, JpegImagePlugin, MpoImagePlugin

from pipeline.errors import CannotStripMetadata
from pipeline.images.formats import HEAD_BYTES, Format, identify, read_header
from pipeline.images.strip import StrippedFile, strip
from tests import planted
from tests.render_fixtures import encoded, scene, swapped_profile

SEEDS = planted.seeds()
# What a file may still tell: its structure, its size, its colours, how it is turned, and how a gain map is applied.
ALLOWED = re.compile(
    r"(SourceFile|ExifTool|File|ICC[-_].*|ICC_Profile|JFIF|PNG|GIF|RIFF|QuickTime|Meta|Track\d|MPF\d|MPImage\d|Adobe|Composite)$"
    r"|IFD0:Orientation$|XMP-hdrgm:|XMP-HDRGainMap:|XMP-apdi:AuxiliaryImageType$|XMP-Container:|Apple:HDR(Headroom|Gain)$"
)
GONE = re.compile(
    r"GPS|Serial|Owner|Artist|Author|Creator|Comment|Thumbnail|Preview|City|MakerNote|Make$|Model$|Date(?!/)"
)


def stripped(data: bytes) -> bytes:
    """What `strip` makes of a file."""
    kind = identify(data[:HEAD_BYTES])
    assert kind is not None
    pieces = strip(io.BytesIO(data), kind)
    found = StrippedFile(io.BytesIO(data), pieces).read()
    assert len(found) == pieces.length
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of every format with all that exiftool can write into them."""
    if planted.EXIFTOOL is None:
        pytest.skip("exiftool is not installed")
    folder, found = tmp_path_factory.mktemp("planted"), {}
    for name, data in SEEDS.items():
        path = folder / name
        path.write_bytes(data)
        planted.plant(path)
        found[name] = path.read_bytes()
    return found


def told(path: Path) -> dict[str, Any]:
    """All that exiftool finds in a file, in what is embedded in it too."""
    command = [str(planted.EXIFTOOL), "-j", "-G1", "-a", "-s", "-u", "-ee3", "-x", "System:all", str(path)]
    (found,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return dict(found)


def frames(data: bytes) -> Iterator[tuple[Any, ...]]:
    """Each frame as it is shown: its pixels, when, and in which colours."""
    # a JPEG is one picture here, whatever its index names
    opened = JpegImagePlugin.JpegImageFile if data.startswith(b"\xff\xd8") else Image.open
    with opened(io.BytesIO(data)) as picture:
        for frame in ImageSequence.Iterator(picture):
            info = [frame.info.get(name) for name in ("duration", "icc_profile", "loop", "transparency", "gamma")]
            yield frame.mode, frame.size, frame.convert("RGBA").tobytes(), frame.getexif().get(0x0112, 1), *info


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_nothing_is_left_that_tells_who_where_and_with_what(files: dict[str, bytes], name: str, tmp_path: Path) -> None:
    path, before = tmp_path / name, files[name]
    path.write_bytes(before)
    assert [tag for tag in told(path) if GONE.search(tag)]
    after = stripped(before)
    path.write_bytes(after)
    found = told(path)
    assert not found.get("ExifTool:Warning")
    assert [tag for tag in found if not ALLOWED.match(tag) and not ALLOWED.match(tag.partition(":")[0])] == []
    dates = [value for tag, value in found.items() if "Date" in tag and "ICC" not in tag and "File" not in tag]
    assert set(dates) <= {"0000:00:00 00:00:00"}
    for text in (planted.MARK, planted.MARK.decode().encode("utf-16-le"), b"+48.85", b"48,51.5", b"2019:07:14"):
        assert text in before or text != planted.MARK
        assert text not in after


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_every_pixel_its_colours_and_how_it_is_turned_stay(files: dict[str, bytes], name: str) -> None:
    before, after = files[name], stripped(files[name])
    for one, other in zip(frames(before), frames(after), strict=True):
        assert one == other
    header = read_header(io.BytesIO(before))
    assert replace(read_header(io.BytesIO(after)), held=0) == replace(header, held=0)
    assert len(after) <= len(before)
    assert stripped(after) == after


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_each_orientation_stays(kind: str, orientation: int) -> None:
    before = encoded(scene(), kind, exif=planted.exif(orientation))
    after = stripped(before)
    assert list(frames(after)) == list(frames(before))
    assert read_header(io.BytesIO(after)).orientation == orientation
    assert planted.MARK not in after


def test_colours_that_only_exif_tells_stay() -> None:
    before = encoded(scene(), "JPEG", exif=planted.exif(1, adobe_rgb=True))
    found = Image.open(io.BytesIO(stripped(before))).getexif()
    assert found.get_ifd(0xA005) == {1: "R03"}
    assert found.get_ifd(0x8769)[0xA001] == 0xFFFF
    assert set(found.get_ifd(0x8769)) == {0xA001, 0xA005}
    assert b"Exif" not in stripped(encoded(scene(), "JPEG", exif=planted.exif(1)))


def test_a_large_profile_in_many_segments_stays() -> None:
    profile = bytearray(swapped_profile() + bytes(200_000))
    profile[:4] = len(profile).to_bytes(4)
    for kind in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF"):
        before = encoded(scene(), kind, icc_profile=bytes(profile), exif=planted.exif())
        assert Image.open(io.BytesIO(stripped(before))).info["icc_profile"] == profile


def test_the_gain_map_of_an_ultra_hdr_picture_is_found_and_unchanged(files: dict[str, bytes], tmp_path: Path) -> None:
    for before in (SEEDS["ultra-hdr.jpg"], files["ultra-hdr.jpg"]):
        after = stripped(before)
        (tmp_path / "a.jpg").write_bytes(after)
        found = told(tmp_path / "a.jpg")
        assert found["MPF0:NumberOfImages"] == 2
        start, length = found["MPImage2:MPImageStart"], found["MPImage2:MPImageLength"]
        assert start + length == len(after)
        assert f'Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{length}"'.encode() in after[:start]
        assert b"MotionPhoto" not in after
        assert found["XMP-hdrgm:Version"] == 1.0
        gain_map = after[start:]
        assert b'hdrgm:GainMapMin="-0.5"' in gain_map
        assert gain_map.count(b"<rdf:li>2.25</rdf:li>") == 3
        assert b'hdrgm:BaseRenditionIsHDR="False"' in gain_map
        with MpoImagePlugin.MpoImageFile(io.BytesIO(after)) as picture:
            picture.seek(1)
            pixels = picture.convert("L").tobytes()
        start = SEEDS["ultra-hdr.jpg"].index(b"\xff\xd9\xff\xd8") + 2
        assert Image.open(io.BytesIO(SEEDS["ultra-hdr.jpg"][start:])).convert("L").tobytes() == pixels


def test_an_apple_gain_map_keeps_how_bright_it_may_shine(files: dict[str, bytes], tmp_path: Path) -> None:
    for name in ("iphone.jpg", "iphone.heic"):
        path = tmp_path / name
        path.write_bytes(stripped(files[name]))
        found = told(path)
        assert (found["Apple:HDRHeadroom"], found["Apple:HDRGain"]) == (1.6, 0.025)
        assert found["XMP-HDRGainMap:HDRGainMapVersion"] == 131072
        assert "gainmap" in found["XMP-apdi:AuxiliaryImageType"]
    assert b"Apple iOS" not in stripped(files["a.jpg"])
    assert b"Apple iOS" not in stripped(files["a.heic"])


@contextmanager
def every_part_is_read() -> Iterator[None]:
    """Have pillow-heif read thumbnails and auxiliary images, which the engine turns off for its process."""
    options = pillow_heif.options
    before = options.THUMBNAILS, options.AUX_IMAGES
    options.THUMBNAILS = options.AUX_IMAGES = True
    try:
        yield
    finally:
        options.THUMBNAILS, options.AUX_IMAGES = before


def test_in_a_heic_nothing_moves_and_thumbnails_are_gone() -> None:
    before = SEEDS["iphone.heic"]
    after = stripped(before)
    with every_part_is_read():
        one, other = (pillow_heif.open_heif(io.BytesIO(data)) for data in (before, after))
        main, same = one[one.primary_index], other[other.primary_index]
        info: dict[str, Any] = dict(main.info)
    assert info["thumbnails"]
    assert same.info["thumbnails"] == []
    assert info["icc_profile"] == same.info["icc_profile"] == swapped_profile()
    ((_, (gain_map,)),) = info["aux"].items()
    assert dict(same.info)["aux"] == info["aux"]
    assert bytes(main.get_aux_image(gain_map).data) == bytes(same.get_aux_image(gain_map).data)
    assert after.index(b"mdat") == before.index(b"mdat")
    assert before.endswith(planted.video())
    assert len(after) == before.index(b"mpvd") - 4


def test_what_a_jpeg_with_a_stale_index_has_behind_it_is_left_out() -> None:
    before = encoded(scene(), "MPO", save_all=True, append_images=[scene((160, 100))]) + planted.video()
    after = stripped(before)
    assert b"MPF" not in after
    assert after.count(b"\xff\xd8") == 1
    assert list(frames(after)) == list(frames(before))[:1]


def test_a_gif_that_hides_text_behind_its_pixels_is_cut_there() -> None:
    data = encoded(scene((16, 16)).quantize(4), "GIF")
    end = len(data) - 2
    assert data[end:] == b"\x00;"
    before = data[:end] + bytes((len(planted.MARK),)) + planted.MARK + b"\x02xy" + data[end:]
    assert stripped(before) == stripped(data)


def test_a_damaged_file_is_refused_and_never_passed_on() -> None:
    for name, data in SEEDS.items():
        kind = identify(data[:HEAD_BYTES])
        assert kind is not None
        for broken in (data[: len(data) // 3], data[:40], data[:64] + bytes(1000)):
            with pytest.raises(CannotStripMetadata, match=f"This {kind.label} file is damaged"):
                strip(io.BytesIO(broken), kind)
        with pytest.raises(CannotStripMetadata):
            strip(io.BytesIO(data), Format("jpeg-of-a-newer-release"))
        assert name


def test_what_follows_a_damaged_length_is_not_taken_for_pixels(files: dict[str, bytes]) -> None:
    webp = bytearray(SEEDS["a.webp"])
    at = webp.index(b"VP8 ")
    size = int.from_bytes(webp[at + 4 : at + 8], "little")
    webp[at + 4 : at + 8] = (len(webp) - at - 8).to_bytes(4, "little")
    assert size % 2 + at + 8 + size < len(webp)
    jpeg = SEEDS["a.jpg"].replace(b"\xff\xe1", b"\xff\xdb", 1)
    for kind, data in ((Format.WEBP, bytes(webp)), (Format.JPEG, jpeg)):
        with pytest.raises(CannotStripMetadata):
            strip(io.BytesIO(data), kind)


def test_reading_from_anywhere_gives_the_same_bytes(files: dict[str, bytes]) -> None:
    for data in files.values():
        whole = stripped(data)
        kind = identify(data[:HEAD_BYTES])
        assert kind is not None
        file = io.BufferedReader(StrippedFile(io.BytesIO(data), strip(io.BytesIO(data), kind)), 16)
        for start in range(0, len(whole), 97):
            assert file.seek(start) == start
            assert file.read(41) == whole[start : start + 41]
        assert file.seek(0, io.SEEK_END) == len(whole)
        assert file.read() == b""


def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    head, tail = SEEDS["a.jpg"][:-2], SEEDS["a.jpg"][-2:]
    with path.open("wb") as file:
        file.write(head)
        for _ in range(100):
            file.write(bytes(range(255)) * 4096)
        file.write(tail + planted.video())
    tracemalloc.start()
    with path.open("rb") as file:
        copy = StrippedFile(file, strip(file, Format.JPEG))
        while copy.read(256 * 1024):
            pass
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
