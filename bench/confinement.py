"""What the confinement of the render process costs: alternating pairs of a confined one and a free one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.common import Spread, arguments, number, quantile
from bench.photos import copies, photo
from bench.report import save, table
from pipeline.images.formats import Limits
from tests.render_fixtures import encoded, scene
from worker.render_process.renderer import Renderer

_PAIRS, _PICTURES = 20, 12
_FREE = ("tests.children", "free")
_TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Render the same pictures by both in turns, each first in half of the pairs."""
    options = arguments(__doc__)
    pairs = 4 if options.quick else _PAIRS
    ratios: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in _originals().items():
            path = Path(scratch) / "original"
            path.write_bytes(data)
            ratios[name] = _ratios(path, pairs)
    rows, figures = [], {}
    for name, found in ratios.items():
        cells = [_quartiles(measured) for measured in zip(*found, strict=True)]
        figures[name] = {"cpu": Spread.of([cpu for cpu, _ in found]), "time": Spread.of([wall for _, wall in found])}
        rows.append([name, *cells])
    save("confinement", figures)
    note = f"Confined, in units of free: medians and quartiles of {pairs} pairs of {_PICTURES} renders each."
    table("confinement", ("picture", "processor time", "time"), rows, note)


def _quartiles(values: Sequence[float]) -> str:
    low, median, high = (number(quantile(values, share)) for share in (0.25, 0.5, 0.75))
    return f"{median} ({low}–{high})"


def _originals() -> dict[str, bytes]:
    return {
        "JPEG, 12 MP": next(copies([photo(12)], 1)),
        "JPEG, 1 MP": next(copies([photo(1)], 1)),
        "PNG, 1 MP": encoded(scene((1200, 850)), "PNG"),
        "WebP, 1 MP": encoded(scene((1200, 850)), "WEBP"),
    }


def _ratios(original: Path, pairs: int) -> list[tuple[float, float]]:
    confined, free = Renderer(Limits(), 60, _beat), Renderer(Limits(), 60, _beat, child=_FREE)
    try:
        for renderer in (confined, free):
            _cost(renderer, original)
        found = []
        for pair in range(pairs):
            order = (confined, free) if pair % 2 else (free, confined)
            costs = {renderer: _cost(renderer, original) for renderer in order}
            found.append((costs[confined][0] / costs[free][0], costs[confined][1] / costs[free][1]))
        return found
    finally:
        confined.stop()
        free.stop()


def _cost(renderer: Renderer, original: Path) -> tuple[float, float]:
    """Seconds of processor and of time of some renders."""
    renderer.render(original, lambda rendition: None)
    used, started = _processor_seconds(renderer), time.monotonic()
    for _ in range(_PICTURES):
        renderer.render(original, lambda rendition: None)
    return _processor_seconds(renderer) - used, time.monotonic() - started


def _processor_seconds(renderer: Renderer) -> float:
    fields = Path(f"/proc/{renderer.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _beat() -> None:
    """The renderer calls it while it waits."""


if __name__ == "__main__":
    main()
