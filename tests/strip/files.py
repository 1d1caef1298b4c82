"""What is stripped, and how it is looked at."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence, JpegImagePlugin

from pipeline.images.formats import HEAD_BYTES, identify
from pipeline.images.strip import StrippedFile, strip
from tests import planted

SEEDS = planted.seeds()


def stripped(data: bytes) -> bytes:
    """What `strip` makes of a file."""
    kind = identify(data[:HEAD_BYTES])
    assert kind is not None
    pieces = strip(io.BytesIO(data), kind)
    found = StrippedFile(io.BytesIO(data), pieces).read()
    assert len(found) == pieces.length
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
