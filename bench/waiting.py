"""`python -m bench.waiting FILE`: the product's worker, its renders replaced by a wait of the seconds in the file."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from worker import __main__ as worker
from worker.engine.picture import Picture, Rendition


class Waiting:
    """A renderer that waits, and answers with tiny pictures."""

    ready = None  # it has no process that could say anything

    def __init__(self, *_: object, **__: object) -> None:
        out = io.BytesIO()
        Image.new("RGB", (8, 8), "teal").save(out, "WEBP")
        self._picture = out.getvalue()
        self._wait = Path(sys.argv[1])

    def start(self) -> None:
        """It has no process."""

    def render(
        self, _: Path, publish: Callable[[Rendition], None], wanted: tuple[str, ...] = ("grid", "view"), **_how: bool
    ) -> Picture:
        """As the renderer of the product."""
        time.sleep(float(self._wait.read_text()) * len(wanted) / 2)  # a picture has two renditions
        for name in wanted:
            publish(Rendition(name, self._picture, 8, 8))
        return Picture("IQgCBQAIeHiHeHeIiIeICHeIAAAAAAA=", "#008080", (), 640, 400)

    def peak_mb(self) -> int:
        """It holds nothing."""
        return 0

    def stop(self) -> None:
        """It has no process."""


if __name__ == "__main__":
    worker.Renderer = Waiting  # type: ignore[attr-defined,assignment] # it has the same methods
    sys.exit(worker.main())
