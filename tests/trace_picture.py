"""`python -m tests.trace_picture`: the trace of one picture, from a real run, drawn into docs/trace.svg.

It is the second of three, so that it waits, and others wait for it to be seen: it is made in two passes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from tests.landscapes import scene
from tests.otlp import Span, collector
from tests.product import ROOT, prepared

_COLORS = {"gallery-web": "#2f6fb5", "gallery-worker": "#3b8f5a"}
_WAITS = {"outbox", "queue thumbnails", "queue views"}
_WIDTH, _ROW, _LEFT, _TOP = 960, 26, 210, 64
_INK, _PALE = "#333333", "#dddddd"


def main() -> None:
    """Run, and draw."""
    spans = record()
    (ROOT / "docs/trace.svg").write_text("\n".join(draw(spans)) + "\n")
    for span in spans:
        print(f"{(span.start - spans[0].start) / 1e6:8.1f} ms {(span.end - span.start) / 1e6:8.1f} ms  {span.name}")


def record() -> list[Span]:
    """The spans of a photograph."""
    with tempfile.TemporaryDirectory(prefix="gallery-trace-") as folder, collector() as sink:
        (Path(folder) / "data").mkdir()
        with prepared(Path(folder) / "data", **sink.environ, GALLERY_LOG_FORMAT="json") as gallery:
            gallery.log = Path(folder) / "log"
            gallery.start_redis()
            gallery.start_web()
            gallery.start("worker.1", "worker")
            photographs = [scene(seed, (4000, 3000))[1] for seed in (2, 4, 6, 8)]
            gallery.until_ended(gallery.upload(photographs.pop()).json["id"])  # the first one of a process takes longer
            ids = [gallery.upload(photograph).json["id"] for photograph in photographs]
            for image_id in ids:
                gallery.until_ended(image_id)
            gallery.stop("worker.1")
            gallery.stop("web")
        return sink.of(ids[1])


def draw(spans: Sequence[Span]) -> Iterator[str]:
    """A row for each span, below its parent; time to the right."""
    rows = list(_below("", spans))
    begin, end = min(span.start for span in spans), max(span.end for span in spans)
    scale = (_WIDTH - _LEFT - 90) / (end - begin)
    height = _TOP + _ROW * len(rows) + 12
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13">'
    )
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    for number, (service, color) in enumerate(_COLORS.items()):
        yield f'<rect x="{12 + 130 * number}" y="12" width="12" height="12" fill="{color}"/>'
        yield f'<text x="{30 + 130 * number}" y="23" fill="{_INK}">{service}</text>'
    yield '<rect x="272" y="12" width="12" height="12" fill="#3b8f5a" opacity="0.35"/>'
    yield f'<text x="290" y="23" fill="{_INK}">waiting</text>'
    step = _step((end - begin) / 1e6)
    for mark in range(0, int((end - begin) / 1e6) + 1, step):
        x = _LEFT + mark * 1e6 * scale
        yield f'<line x1="{x:.1f}" y1="{_TOP - 10}" x2="{x:.1f}" y2="{height - 8}" stroke="{_PALE}"/>'
        yield f'<text x="{x:.1f}" y="{_TOP - 14}" fill="#666666" text-anchor="middle">{mark} ms</text>'
    for row, (depth, span) in enumerate(rows):
        y = _TOP + row * _ROW
        x, width = _LEFT + (span.start - begin) * scale, max(1.5, (span.end - span.start) * scale)
        pale = ' opacity="0.35"' if span.name in _WAITS else ""
        yield f'<text x="{12 + 14 * depth}" y="{y + 15}" fill="{_INK}">{escape(span.name)}</text>'
        yield f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="16" fill="{_COLORS[span.service]}"{pale}/>'
        took = f"{(span.end - span.start) / 1e6:.1f} ms"
        yield f'<text x="{x + width + 5:.1f}" y="{y + 15}" fill="#666666">{took}</text>'
    yield "</svg>"


def _below(parent: str, spans: Sequence[Span], depth: int = 0) -> Iterator[tuple[int, Span]]:
    for span in spans:
        if span.parent_id == parent:
            yield depth, span
            yield from _below(span.span_id, spans, depth + 1)


def _step(milliseconds: float) -> int:
    """Between two marks of the axis."""
    return next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if milliseconds / step < 12)


if __name__ == "__main__":
    main()
