"""One picture of each format through the engine, before the sandbox closes: after that nothing can be imported,
no library opened and no file found that a decoder had not needed until then."""

from __future__ import annotations

import encodings.ascii
import encodings.idna
import encodings.latin_1
import encodings.utf_16
import encodings.utf_16_be
import encodings.utf_16_le  # noqa: F401
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from pipeline.errors import GalleryError
from pipeline.images.view_format import ViewFormat

SAMPLES = Path(__file__).parent / "samples"
PHOTOGRAPH = "photo.jpg"


def warm_up(render: Callable[[BinaryIO, ViewFormat], object]) -> None:
    """Render every sample, and one by every encoder; a sample that this build of the decoders does not know is left
    aside."""
    Image.init()
    for sample in sorted(SAMPLES.iterdir()):
        for view_format in ViewFormat if sample.name == PHOTOGRAPH else (ViewFormat.AUTO,):
            with sample.open("rb") as file, suppress(GalleryError):
                render(file, view_format)
