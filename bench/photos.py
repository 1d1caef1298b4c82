"""Pictures to measure with: generated to be as hard to decode and encode as photographs, or a folder of your own."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.product import ROOT

CACHE = ROOT / "bench" / ".cache"
# megapixels of the mixed set: what phones and cameras make, most of it 12
MIXED = (1, 2, 4, 6, 8, 12, 12, 12, 16, 24)
SMALL = (0.5, 0.5, 0.5, 0.5)


def pictures(megapixels: tuple[float, ...], folder: Path | None = None) -> list[bytes]:
    """JPEGs: those of `folder` where one is given, and the generated ones of these sizes."""
    own = sorted(folder.glob("*.jp*g")) if folder else []
    return [path.read_bytes() for path in own] + [photo(size, seed) for seed, size in enumerate(megapixels)]


def photo(megapixels: float, seed: int = 0) -> bytes:
    """A JPEG of 4:3 that has a photograph's spectrum; made once, then kept in `bench/.cache`."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"photo-{megapixels:g}mp-{seed}.jpg"
    if not path.exists():
        path.write_bytes(_generate(megapixels, seed))
    return path.read_bytes()


def _generate(megapixels: float, seed: int) -> bytes:
    """Noise of equal strength in each octave (the spectrum of natural images), softened towards single pixels
    as a lens does, with a sensor's noise, in a slowly changing colour."""
    import numpy as np
    from PIL import Image

    dice = np.random.default_rng(seed)
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    size = (round(height * 4 / 3), height)

    def noise(cells: float, strength: float) -> Any:
        rough = dice.normal(0, strength, (max(2, round(cells * 3 / 4)), max(2, round(cells)))).astype("float32")
        return np.asarray(Image.fromarray(rough).resize(size, Image.Resampling.BICUBIC))

    light = np.full(size[::-1], 120, "float32")
    for octave in itertools.count(1):
        cells = 2.0**octave
        if cells > size[0] / 2:
            break
        light += noise(cells, 24 if cells < 100 else 24 * (100 / cells) ** 0.8)
    light += noise(size[0], 4)
    channels = [np.clip(light + noise(6, 22) + noise(48, 6), 0, 255).astype("uint8") for _ in range(3)]
    out = io.BytesIO()
    Image.merge("RGB", [Image.fromarray(channel) for channel in channels]).save(out, "JPEG", quality=85)
    return out.getvalue()


def copies(originals: list[bytes], count: int, start: int = 0) -> Iterator[bytes]:
    """`count` files of equal pictures and different bytes: each has a comment of its own after its first marker.

    An upload of bytes that are here already costs no thumbnail, so no two may be equal.
    """
    for place in range(start, start + count):
        comment = f"copy {place}".encode()
        data = originals[place % len(originals)]
        yield data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]
