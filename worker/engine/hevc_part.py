"""What is there of an HEVC picture whose data ends too early: its decoder goes on over whatever follows.

It is decoded twice, with two different things in place of what is missing: the rows that come out the same are there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from PIL import Image

from worker.engine.decoded import PictureStrips
from worker.engine.heif_file import Coded
from worker.engine.rows import fingerprints, same_rows

_NOISE = random.Random(0).randbytes(1 << 16)  # noqa: S311
# So much of a unit is taken for missing if the data ends between two.
_DOUBTED = 16
_LENGTH_AT = 21
# The types of units that hold no pixels begin here.
_FIRST_OTHER = 32
_MOST_BYTES = 64 * 1024 * 1024


def part_of_hevc(coded: Coded, decoder: Callable[[Coded], Image.Image | None]) -> Iterator[Image.Image]:
    """The upper part of a picture that is cut off, if there is any."""
    kept, rest = _last_unit(coded.data, _length_bytes(coded))
    if not 0 < rest <= _MOST_BYTES:
        return
    noise = (_NOISE * (rest // len(_NOISE) + 1))[:rest]
    if (noisy := decoder(replace(coded, data=kept + noise))) is None:
        return
    hashes = fingerprints(PictureStrips(noisy), noisy.height)
    del noisy
    if (found := decoder(replace(coded, data=kept + bytes(rest)))) is None:
        return
    rows = same_rows(hashes, fingerprints(PictureStrips(found), found.height))
    if rows:
        yield found.crop((0, 0, found.width, rows))


def _length_bytes(coded: Coded) -> int:
    """How many bytes tell the length of a unit."""
    configuration = next((body for name, body in coded.properties if name == b"hvcC"), b"")
    return (configuration[_LENGTH_AT] & 3) + 1 if len(configuration) > _LENGTH_AT else 4


def _last_unit(data: bytes, length_bytes: int) -> tuple[bytes, int]:
    """The data up to where it ends in a unit, and how many bytes of that are missing."""
    at = last = 0
    while at + length_bytes < len(data):
        length = int.from_bytes(data[at : at + length_bytes])
        last, at = at, at + length_bytes + length
    if at > len(data):
        return data, at - len(data)
    kept = data[: max(last + length_bytes + 2, at - _DOUBTED)]
    return kept, at - len(kept)


def whole_units(coded: Coded) -> bytes:
    """The units that are whole; nothing if none of them holds pixels. libheif leaves a tile green then."""
    length_bytes, at, found = _length_bytes(coded), 0, False
    while at + length_bytes + 2 < len(coded.data):
        start = at + length_bytes
        end = start + int.from_bytes(coded.data[at:start])
        if not start + 2 < end <= len(coded.data):
            break
        found |= coded.data[start] >> 1 & 0x3F < _FIRST_OTHER
        at = end
    return coded.data[:at] if found else b""
