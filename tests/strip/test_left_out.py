"""What tells who, where and with what is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import planted
from tests.render_fixtures import encoded, scene
from tests.strip.files import SEEDS, frames, stripped, told

# What a file may still tell: its structure, its size, its colours, how it is turned, and how a gain map is applied.
ALLOWED = re.compile(
    r"(SourceFile|ExifTool|File|ICC[-_].*|ICC_Profile|JFIF|PNG|GIF|RIFF|QuickTime|Meta|Track\d|MPF\d|MPImage\d|Adobe|Composite)$"
    r"|IFD0:Orientation$|XMP-hdrgm:|XMP-HDRGainMap:|XMP-apdi:AuxiliaryImageType$|XMP-Container:|Apple:HDR(Headroom|Gain)$"
)
GONE = re.compile(
    r"GPS|Serial|Owner|Artist|Author|Creator|Comment|Thumbnail|Preview|City|MakerNote|Make$|Model$|Date(?!/)"
)


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
