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
from bench.render import similarity
from bench.report import save, table
from pipeline.recipe import VIEW
from worker.render import EFFORT, QUALITY
from worker.scale import fitted_size, lanczos

AVIF_QUALITY = 66
_ROUNDS = 3
T = TypeVar("T")


def main() -> None:
    """Measure every choice on every picture, and fill the table with the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photographs, measured beside the generated ones")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as scratch:
        originals = sorted(options.photos.glob("*.jp*g")) if options.photos else []
        generated = Path(scratch) / "generated.jpg"
        generated.write_bytes(photo(12))
        originals.append(generated)
        found = [dict(choices(original, Path(scratch) / "made.webp")) for original in originals]
    rows, figures = [], []
    for name in found[0]:
        ms, size, likeness = (sum(one[name][place] for one in found) / len(found) for place in range(3))
        rows.append([name, number(ms), number(size / 1000) if size else "", f"{likeness:.4f}"])
        figures.append({"choice": name, "cpu_ms": ms, "bytes": size, "ssim": likeness})
    save("choices", {"choices": figures})
    note = "SSIM of scaling before encoding, of encoding after it. In bold what the engine does."
    table("choices", ("choice for the view", "CPU ms", "KB", "SSIM"), rows, note)


def choices(original: Path, made: Path) -> list[tuple[str, tuple[float, int, float]]]:
    """Name, and CPU milliseconds, bytes and SSIM of each choice."""

    def decoded(scale: int) -> Image.Image:
        with Image.open(original) as source:
            source.draft(None, (source.width // scale, source.height // scale))
            return source.convert("RGB")

    def likeness(picture: Image.Image) -> float:
        picture.save(made, "PNG", compress_level=1)
        return similarity(made, original, VIEW)

    whole = decoded(1)
    size = fitted_size(whole.size, VIEW)
    found: list[tuple[str, tuple[float, int, float]]] = []
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
            label = f"decoded at 1/{scale}; {name}"
            chosen = scale == 1 and name == "vectorised, Lanczos"
            found.append((f"**{label}**" if chosen else label, (decoding + scaling, 0, likeness(view))))
    view = filters["vectorised, Lanczos"](whole)
    encodings: dict[str, dict[str, Any]] = {}
    for effort in range(7):
        label = f"WebP of quality {QUALITY}, effort {effort}"
        encodings[f"**{label}**" if effort == EFFORT else label] = {
            "format": "WEBP", "quality": QUALITY, "method": effort,
        }  # fmt: skip
    for speed in (10, 8):
        encodings[f"AVIF of quality {AVIF_QUALITY}, speed {speed}"] = {
            "format": "AVIF", "quality": AVIF_QUALITY, "speed": speed,
            "codec": "aom", "advanced": {"tune": "ssim"}, "max_threads": 1,
        }  # fmt: skip
    for label, options in encodings.items():
        encoding, data = timed(encoded, view, options)
        made.write_bytes(data)
        found.append((label, (encoding, len(data), similarity(made, original, VIEW))))
    return found


def encoded(picture: Image.Image, options: dict[str, Any]) -> bytes:
    """The bytes of a picture of Pillow's."""
    out = io.BytesIO()
    picture.save(out, **options)
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
