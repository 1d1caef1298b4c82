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
# Where its last columns are.
_SIDES_OF_COLUMNS = {1: "right", 2: "left", 3: "left", 4: "right", 5: "lower", 6: "lower", 7: "upper", 8: "upper"}


def missing_rows(part: float, orientation: int, *, cut_off: bool) -> str:
    """What to say if the last `part` (0 to 1) of the rows is missing from a file with that EXIF orientation."""
    return _missing(part, _SIDES[orientation], cut_off=cut_off)


def missing_columns(part: float, orientation: int, *, cut_off: bool) -> str:
    """What to say if the last `part` (0 to 1) of the columns is missing."""
    return _missing(part, _SIDES_OF_COLUMNS[orientation], cut_off=cut_off)


def missing_part(part: float, *, cut_off: bool) -> str:
    """What to say if a part (0 to 1) of the picture is missing that is on no side of it."""
    return f"The file is {_why(cut_off=cut_off)}: {math.ceil(part * 100)} % of the picture are missing."


def missing_alpha(*, cut_off: bool) -> str:
    """What to say if nothing tells where the picture is transparent."""
    return f"The file is {_why(cut_off=cut_off)}: its transparency is missing."


def _missing(part: float, side: str, *, cut_off: bool) -> str:
    return f"The file is {_why(cut_off=cut_off)}: the {side} {math.ceil(part * 100)} % are missing."


def _why(*, cut_off: bool) -> str:
    return "cut off" if cut_off else "damaged"
