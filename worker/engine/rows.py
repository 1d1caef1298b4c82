"""How many rows of a picture are really there, if its decoder does not say so.

A file that is cut off is decoded twice, with two different things in place of what is missing: the rows that come out
the same are those of the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ImageFile

from worker.engine.decoded import Strips


def fingerprints(strips: Strips, height: int) -> list[int]:
    """A checksum of each row: of two pictures only one need be held."""
    return [zlib.crc32(strips.strip(y, y + 1).tobytes()) for y in range(height)]


def same_rows(one: list[int], other: list[int]) -> int:
    """The number of rows, from the top, that are the same."""
    return next((y for y, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]), len(one))


@contextmanager
def lenient() -> Iterator[None]:
    """Let Pillow hand out what it has decoded before the damage."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
