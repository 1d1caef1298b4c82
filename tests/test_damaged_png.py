"""PNGs whose damage promises more than there is: what is there is shown, and the rest is said to be missing."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from pipeline.errors import GalleryError
from pipeline.images.formats import Limits
from tests.cases.motifs import painted, sunset
from tests.cases.pngs import RGB, chunk, png
from tests.render_fixtures import rendered
from worker.render_process.renderer import Renderer

SIZE = (96, 64)


def whole() -> bytes:
    return png(SIZE, RGB, painted(sunset, SIZE).tobytes())


@pytest.mark.parametrize("name", [b"IDAT", b"tEXt", b"zTXt", b"tRNS", b"PLTE"])
def test_a_length_beyond_the_file_costs_no_memory(name: bytes, tmp_path: Path) -> None:
    data = whole()
    at = data.rindex(b"IDAT") - 4
    broken = data[:at] + struct.pack(">I", 0x7FFFFFF0) + name + data[at + 8 :]
    (tmp_path / "original").write_bytes(broken)
    renderer, end = Renderer(Limits(), 20, lambda: None), "ready"
    try:
        renderer.render(tmp_path / "original", lambda made: None)
    except GalleryError as error:
        end = error.code
    finally:
        renderer.stop()
    assert end in ("ready", "cut-off", "cannot-be-decoded")


@pytest.mark.parametrize("clear", [False, True])
def test_a_row_of_an_unknown_filter_is_missing_and_not_black(clear: bool, tmp_path: Path) -> None:
    picture = painted(sunset, SIZE)
    stride = 3 * SIZE[0]
    pixels = picture.tobytes()
    rows = [b"\0" + pixels[at : at + stride] for at in range(0, len(pixels), stride)]
    rows[40] = b"\x09" + rows[40][1:]
    head = struct.pack(">IIBBBBB", *SIZE, 8, RGB, 0, 0, 0)
    more = chunk(b"tRNS", bytes(6)) if clear else b""
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more
    data += chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")
    found, made = rendered(data, tmp_path)
    assert any("lower 38 % are missing" in note for note in found.notes), found.notes
    alpha = made["view"].convert("RGBA").getchannel("A")
    assert alpha.getpixel((48, 30)) == 255
    assert alpha.crop((0, 44, *SIZE)).getextrema() == (0, 0)
