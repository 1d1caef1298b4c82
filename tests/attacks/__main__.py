"""`python -m tests.attacks PART… N`: a render process that is taken over, behind these parts of the sandbox."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from pipeline.images.formats import Limits
from pipeline.images.view_format import Kind
from tests.attacks import ATTACKS
from tests.pictures import picture
from worker.engine.picture import Picture, Rendition
from worker.render_process.child import main

_WEBP = picture("WEBP", (8, 8))


def taken_over(original: BinaryIO, limits: Limits, publish: Callable[[Rendition], None], **how: Any) -> Picture:
    """In the place of the engine: run the attack that the file names, and tell its outcome."""
    name = original.read().decode("latin-1")
    outcome = "it succeeded"
    if name in ATTACKS:
        try:
            ATTACKS[name](original.fileno())
        except OSError as error:
            outcome = error.strerror or ""
    for rendition in ("grid", "view"):
        publish(Rendition(rendition, _WEBP, 8, 8))
    return Picture("AAAA", "#000000", (outcome,), 8, 8, Kind.GRAPHIC)


if __name__ == "__main__":
    main(taken_over, frozenset(sys.argv[1:-1]))
