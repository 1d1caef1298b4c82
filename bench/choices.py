"""The engine's choices: how far the decoder scales, which filter, which encoder at what effort; on photographs."""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from bench.common import number
from bench.photos import photo
from bench.render import LONGEST, bytes_at, similarity
from bench.report import save, table
from pipeline.images.formats import Limits
from pipeline.images.recipe import VIEW
from worker.engine.decode import prepare
from worker.engine.encode_webp import ENCODINGS, Encoding, encoded
from worker.engine.render import upright_view
from worker.engine.resize import fitted, fitted_size, lanczos

AVIF_QUALITY = 68
_ROUNDS = 3
_NOTE = "SSIM of scaling before encoding, of encoding after it. In bold what the engine does for views as WebP."
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU milliseconds, and, of what was made, bytes and SSIM. `to_engine`: the bytes needed for the likeness of what
    the engine makes, in units of its bytes."""

    cpu_ms: float
    bytes: float | None = None
    ssim: float | None = None
    to_engine: float | None = None
    chosen: bool = False


def main() -> None:
    """Measure every choice on every picture, and fill the tables with the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photographs, measured beside the generated ones")
    options = parser.parse_args()
    prepare()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as scratch:
        originals = sorted(options.photos.glob("*.jp*g")) if options.photos else []
        generated = Path(scratch) / "generated.jpg"
        generated.write_bytes(photo(12))
        originals.append(generated)
        made = Path(scratch) / "made"
        scaled = means([scalings(original, made) for original in originals])
        written = {
            kind: means([encodings(kind, original, made) for original in originals]) for kind in ("view", "grid")
        }
    save("choices", {"scaling": scaled, "encoding": written})
    head = ("choice for the view", "CPU ms", "SSIM")
    table("choices", head, ([name, *_cells(one)] for name, one in scaled.items()), _NOTE)
    columns = ["encoding"]
    for kind in written:
        columns += [f"{kind}, CPU ms", "KB", "SSIM", "for equal SSIM"]
    rows = ([way, *(cell for found in written.values() for cell in _cells(found[way], full=True))] for way in _ways())
    table("encodings", columns, rows, f"{_NOTE} For equal SSIM: the bytes needed, in units of the engine's.")


def _cells(one: Measured, *, full: bool = False) -> list[str]:
    cells = [number(one.cpu_ms)]
    if full:
        cells.append(number((one.bytes or 0) / 1000))
    cells.append(f"{one.ssim:.4f}" if one.ssim else "")
    if full:
        cells.append(f"{one.to_engine:.3f}" if one.to_engine else "")
    return [f"**{cell}**" if one.chosen else cell for cell in cells]


def means(found: list[dict[str, Measured]]) -> dict[str, Measured]:
    """Of several pictures."""

    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) / len(known) if known else None

    return {
        name: Measured(
            sum(one[name].cpu_ms for one in found) / len(found),
            mean([one[name].bytes for one in found]),
            mean([one[name].ssim for one in found]),
            mean([one[name].to_engine for one in found]),
            chosen.chosen,
        )
        for name, chosen in found[0].items()
    }


def scalings(original: Path, made: Path) -> dict[str, Measured]:
    """How far the decoder scales, and by which filter what is left is scaled, for the view."""

    def decoded(scale: int) -> Image.Image:
        with Image.open(original) as source:
            source.draft(None, (source.width // scale, source.height // scale))
            return source.convert("RGB")

    size = fitted_size(decoded(1).size, VIEW)
    found: dict[str, Measured] = {}
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
        found[f"decoded at 1/{scale}"] = Measured(decoding)
        for name, filtered in filters.items():
            scaling, view = timed(filtered, source)
            view.save(made, "PNG", compress_level=1)
            found[f"decoded at 1/{scale}; {name}"] = Measured(
                decoding + scaling,
                ssim=similarity(made, original, VIEW),
                chosen=scale == 1 and name == "vectorised, Lanczos",
            )
    return found


def _ways() -> dict[str, Encoding | dict[str, Any]]:
    """Ways to encode: by libwebp, or what Pillow is to be told."""
    ways: dict[str, Encoding | dict[str, Any]] = {}
    for effort in range(7):
        ways[f"WebP 80, effort {effort}"] = Encoding(effort=effort)
    ways["WebP 80, effort 2, filtered in full"] = Encoding(effort=2, filter_strength=100)
    ways["WebP 80, effort 4, filtered in full"] = ENCODINGS["view"]
    ways["WebP 80, effort 4, filtered in full, three segments"] = Encoding(filter_strength=100, segments=3)
    grid = ENCODINGS["grid"]
    ways[f"WebP {grid.quality:g}, effort 4, filtered by {grid.filter_strength}, three segments"] = grid
    for speed in (10, 8):
        ways[f"AVIF {AVIF_QUALITY}, speed {speed}"] = {
            "format": "AVIF", "quality": AVIF_QUALITY, "speed": speed,
            "codec": "aom", "advanced": {"tune": "ssim"}, "max_threads": 1,
        }  # fmt: skip
    return ways


def encodings(kind: str, original: Path, made: Path) -> dict[str, Measured]:
    """Every way to encode a rendition."""
    longest = LONGEST[kind]
    with original.open("rb") as file:
        view = upright_view(file, Limits()).picture
    picture = fitted(view, longest)
    made.write_bytes(encoded(picture, ENCODINGS[kind]))
    engine, likeness = made.stat().st_size, similarity(made, original, longest)
    found = {}
    for name, way in _ways().items():
        ms, data = timed(_written, picture, way)
        made.write_bytes(data)
        to_engine = (
            bytes_at(picture, way, original, longest, [likeness])[0] / engine if isinstance(way, Encoding) else None
        )
        found[name] = Measured(ms, len(data), similarity(made, original, longest), to_engine, way == ENCODINGS[kind])
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
