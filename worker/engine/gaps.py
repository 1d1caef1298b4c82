"""Parts of a picture that are not in its file: how much that is, what to say of it, and a view without them."""

from __future__ import annotations

import math

from PIL import Image

from worker.engine.decoded import Decoded
from worker.engine.notes import missing_columns, missing_part, missing_rows

# Rounding of a part that is whole but for the last bit.
_NOTHING = 1e-9


def missing_of(source: Decoded) -> float:
    """The part (0 to 1) of the picture that is missing."""
    gaps = sum((right - left) * max(0.0, min(bottom, source.rows) - top) for left, top, right, bottom in source.gaps)
    missing = 1 - source.rows + gaps
    return missing if missing > _NOTHING else 0.0


def missing_note(source: Decoded) -> str:
    """What to say of that: on which side it is, if it is on one."""
    gaps = [*source.gaps, *([(0.0, source.rows, 1.0, 1.0)] if source.rows < 1 else [])]
    left, top = (min(gap[side] for gap in gaps) for side in (0, 1))
    right, bottom = (max(gap[side] for gap in gaps) > 1 - _NOTHING for side in (2, 3))
    missing = missing_of(source)
    if right and bottom and left > 0 and top == 0:
        return missing_columns(missing, source.orientation, cut_off=source.cut_off)
    if right and bottom and (left == 0 or source.cut_off):
        return missing_rows(missing, source.orientation, cut_off=source.cut_off)
    return missing_part(missing, cut_off=source.cut_off)


def without_gaps(view: Image.Image, source: Decoded) -> Image.Image:
    """The view, not yet upright, with everything that is missing transparent, as browsers show it."""
    kept = Image.new("RGBA", view.size)
    kept.paste(view.crop((0, 0, view.width, max(1, int(view.height * source.rows)))), (0, 0))
    for left, top, right, bottom in source.gaps:
        box = (
            int(left * view.width),
            int(top * view.height),
            math.ceil(right * view.width),
            math.ceil(bottom * view.height),
        )
        kept.paste((0, 0, 0, 0), box)
    return kept
