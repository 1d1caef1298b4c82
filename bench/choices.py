"""The engine's choices: how far the decoder scales, which filter, which encoder at what effort; on photographs."""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from bench.common import number
from bench.photos import photo
from bench.render import bytes_at, similarity
from bench.report import save, table
from pipeline.formats import Limits
from pipeline.recipe import GRID, VIEW
from worker.decode import prepare
from worker.render import upright_view
from worker.scale import fitted, fitted_size, lanczos
from worker.webp import ENCODINGS, Encoding, encoded

AVIF_QUALITY = 66
_ROUNDS = 3
_RENDITIONS = {"view": VIEW, "grid": GRID}
_NOTE = "SSIM of scaling before encoding, of encoding after it. In bold what the engine does."
T = TypeVar("T")
Measured = tuple[float, float, float, float]
"""CPU milliseconds, bytes, SSIM, and bytes for the likeness of the engine's encoding in units of its bytes (0: not
asked)."""


def main() -> None:
    """Measure every choice on every picture, and fill the tables with the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photographs, measured beside the generated ones")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as scratch:
        originals = sorted(options.photos.glob("*.jp*g")) if options.photos else []
        generated = Path(scratch) / "generated.jpg"
        generated.write_bytes(photo(12))
        originals.append(generated)
        made = Path(scratch) / "made"
        scaled = means([scalings(original, made) for original in originals])
        written = means([encodings(original, made) for original in originals])
    save("choices", {"scaling": as_records(scaled), "encoding": as_records(written)})
    rows: list[list[object]] = [[name, number(ms), f"{likeness:.4f}"] for name, (ms, _, likeness, _) in scaled.items()]
    table("choices", ("choice for the view", "CPU ms", "SSIM"), rows, _NOTE)
    head = ["encoding"]
    for kind in _RENDITIONS:
        head += [f"{kind}, CPU ms", "KB", "SSIM", "for equal SSIM"]
    rows = []
    for way in _ways():
        row: list[object] = [way]
        for kind in _RENDITIONS:
            ms, size, likeness, needed = written[f"{kind}: {way}"]
            cells = (number(ms), number(size / 1000), f"{likeness:.4f}", f"{needed:.3f}" if needed else "")
            row += [f"**{cell}**" if _ways()[way] == ENCODINGS[kind] else cell for cell in cells]
        rows.append(row)
    table("encodings", head, rows, f"{_NOTE} For equal SSIM: the bytes needed, in units of the engine's.")


def means(found: list[dict[str, Measured]]) -> dict[str, Measured]:
    """Of several pictures."""

    def mean(name: str, place: int) -> float:
        return sum(one[name][place] for one in found) / len(found)

    return {name: (mean(name, 0), mean(name, 1), mean(name, 2), mean(name, 3)) for name in found[0]}


def as_records(found: dict[str, Measured]) -> list[dict[str, object]]:
    """For the file of raw figures."""
    return [
        {
            "choice": name.strip("*"),
            "cpu_ms": ms,
            "bytes": size or None,
            "ssim": likeness,
            "bytes_at_equal_ssim": needed or None,
        }
        for name, (ms, size, likeness, needed) in found.items()
    ]


def scalings(original: Path, made: Path) -> dict[str, Measured]:
    """How far the decoder scales, and by which filter what is left is scaled, for the view."""

    def decoded(scale: int) -> Image.Image:
        with Image.open(original) as source:
            source.draft(None, (source.width // scale, source.height // scale))
            return source.convert("RGB")

    size = fitted_size(decoded(1).size, VIEW)
    found = {}
    filters: dict[str, Callable[[Image.Image], Image.Image]] = {
        "Pillow, box": lambda i: i.resize(size, Image.Resampling.BOX),
        "Pillow, bilinear": lambda i: i.resize(size, Image.Resampling.BILINEAR),
        "Pillow, bicubic": lambda i: i.resize(size, Image.Resampling.BICUBIC),
        "Pillow, Lanczos": lambda i: i.resize(size, Image.Resampling.LANCZOS),
        "vectorised, Lanczos": lambda i: lanczos(i, size, (0.0, 0.0, *map(float, i.size))),
    }
    for scale in (1, 2):
        source = decoded(scale)
        decoding, _ = timed(decoded, scale)
        for name, filtered in filters.items():
            scaling, view = timed(filtered, source)
            view.save(made, "PNG", compress_level=1)
            label = f"decoded at 1/{scale}; {name}"
            chosen = scale == 1 and name == "vectorised, Lanczos"
            found[f"**{label}**" if chosen else label] = decoding + scaling, 0.0, similarity(made, original, VIEW), 0.0
    return found


def _ways() -> dict[str, Encoding | dict[str, Any]]:
    """Ways to encode: by libwebp, or what Pillow is to be told."""
    ways: dict[str, Encoding | dict[str, Any]] = {}
    for effort in range(7):
        ways[f"WebP 80, effort {effort}"] = Encoding(effort=effort)
    ways["WebP 80, effort 2, filtered in full"] = Encoding(effort=2, filter_strength=100)
    ways["WebP 80, effort 4, filtered in full"] = Encoding(filter_strength=100)
    ways["WebP 80, effort 4, filtered in full, three parts"] = Encoding(filter_strength=100, segments=3)
    grid = ENCODINGS["grid"]
    ways[f"WebP {grid.quality:g}, effort 4, filtered by {grid.filter_strength}, three parts"] = grid
    for speed in (10, 8):
        ways[f"AVIF {AVIF_QUALITY}, speed {speed}"] = {
            "format": "AVIF", "quality": AVIF_QUALITY, "speed": speed,
            "codec": "aom", "advanced": {"tune": "ssim"}, "max_threads": 1,
        }  # fmt: skip
    return ways


def encodings(original: Path, made: Path) -> dict[str, Measured]:
    """Every way to encode, for both renditions."""
    prepare()
    view, _ = upright_view(original, Limits())
    found = {}
    for kind, longest in _RENDITIONS.items():
        picture = fitted(view, longest)
        made.write_bytes(encoded(picture, ENCODINGS[kind]))
        size, likeness = made.stat().st_size, similarity(made, original, longest)
        for name, way in _ways().items():
            ms, data = timed(_written, picture, way)
            made.write_bytes(data)
            needed = bytes_at(picture, way, original, longest, [likeness])[0] if isinstance(way, Encoding) else 0.0
            found[f"{kind}: {name}"] = ms, float(len(data)), similarity(made, original, longest), needed / size
    return found


def _written(picture: Image.Image, way: Encoding | dict[str, Any]) -> bytes:
    if isinstance(way, Encoding):
        return encoded(picture, way)
    out = io.BytesIO()
    picture.save(out, **way)
    return out.getvalue()


def timed(work: Callable[..., T], *given: object) -> tuple[float, T]:
    """The least CPU milliseconds of several rounds, and what was made."""
    least = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        made = work(*given)
        least = min(least, (time.process_time() - began) * 1000)
    return least, made


if __name__ == "__main__":
    main()
