"""A violation: a broken rule, with a code, a place, a sentence, and perhaps a repair."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Repair = Callable[[], None]
"""A step that may run beside live services; raises `OSError`, `Busy` or a named error if it cannot be done."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule: a stable code, where, a sentence, and the repair if there is one.

    `where` is the id of an image, or a path below the volume's root, in characters that can be printed. `folder` is
    the folder of the image that it is about.
    """

    code: str
    where: str
    sentence: str
    repair: Repair | None = None
    folder: Path | None = None


def printable(path: Path, root: Path) -> str:
    """A path below `root` as one printable line."""
    text = os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
