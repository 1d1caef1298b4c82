"""The size of a rendition, from its pixels: decoded in a render process, for whoever checks a volume.

What lies on the volume may be anybody's who could write there, and its record with it.
"""

from __future__ import annotations

import threading
from pathlib import Path

from pipeline.errors import BadSetting, GalleryError
from pipeline.images.formats import HEAD_BYTES, Limits, identify
from pipeline.images.view_format import VIEW_FORMATS
from pipeline.volume.files import open_file
from worker.render_process.renderer import CannotStart, Renderer

_SECONDS = 60


class RenditionDecoder:
    """Decodes one rendition after another. The render process starts with the first and runs until `stop`."""

    def __init__(self, *, require_sandbox: bool = False) -> None:
        self.renderer = Renderer(Limits(), _SECONDS, lambda: None, require_sandbox=require_sandbox)
        self._in_use = threading.Lock()

    def size(self, path: Path) -> tuple[int, int]:
        """Width and height in pixels.

        Raises `ValueError` unless it is one whole picture of a rendition's format, `OSError` if it cannot be read, and
        `BadSetting` if no render process can start.
        """
        with open_file(path) as file:
            if identify(file.read(HEAD_BYTES)) not in VIEW_FORMATS:
                raise ValueError("it is of no format that renditions have")
        try:
            with self._in_use:
                found = self.renderer.render(path, lambda _: None, ())
        except GalleryError as error:
            raise ValueError(str(error)) from error
        except CannotStart as error:
            raise BadSetting(str(error)) from error
        if found.notes:
            raise ValueError(" ".join(found.notes))
        return found.width, found.height

    def stop(self) -> None:
        """End the render process."""
        self.renderer.stop()
