"""Remarks for the record about what a file lacks: what is missing, and whether anything of the picture is."""

from __future__ import annotations

import math

NO_END = "The file ends without its end marker. No pixel is missing."
CHECKSUM = "A checksum in the file is wrong. No pixel is missing."
COARSE = "The file is cut off: its fine detail is missing."
COARSE_BY_DAMAGE = "The file is damaged: its fine detail is missing."
SLIGHT = "The file is slightly damaged. No pixel is missing."
LATER_FRAMES = "The file is damaged or cut off: later frames of the animation are missing."

# Where the last rows of a file are in the upright picture, by the EXIF orientation.
_SIDES = {1: "lower", 2: "lower", 3: "upper", 4: "upper", 5: "right", 6: "left", 7: "left", 8: "right"}


def missing_rows(part: float, orientation: int, *, cut_off: bool) -> str:
    """What to say if the last `part` (0 to 1) of the rows is missing from a file with that EXIF orientation."""
    what = "cut off" if cut_off else "damaged"
    return f"The file is {what}: the {_SIDES[orientation]} {math.ceil(part * 100)} % are missing."
