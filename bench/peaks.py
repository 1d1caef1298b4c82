"""The memory of a rendering process over the largest files that are accepted, of every format."""

from __future__ import annotations

import io
import tempfile
from contextlib import suppress
from pathlib import Path

from bench.common import number
from bench.report import save, table
from pipeline.errors import GalleryError
from pipeline.images.formats import Limits, check_bounds, read_header
from pipeline.images.limits import decode_bytes
from tests.large import large
from worker.render_process.renderer import Renderer


def main() -> None:
    """Render each file in a process of its own, and fill the table."""
    rows, figures = [], []
    for what, (data, _) in large().items():
        header = read_header(io.BytesIO(data))
        check_bounds(header, Limits())
        renderer = Renderer(Limits(), 120, lambda: None)
        with tempfile.NamedTemporaryFile() as file, suppress(GalleryError):
            file.write(data)
            file.flush()
            renderer.render(Path(file.name), lambda made: None)
        peak = renderer.peak_mb()
        renderer.stop()
        expected = decode_bytes(header) // 2**20
        rows.append([what, number(header.pixels / 1e6), expected, peak])
        figures.append({"file": what, "pixels": header.pixels, "expected_mb": expected, "peak_mb": peak})
        print(rows[-1], flush=True)
    save("peaks", {"files": figures})
    note = f"Refused is what is expected to need more than {Limits().memory_mb} MB."
    table("peaks", ("file", "megapixels", "expected MB", "peak MB"), rows, note)


if __name__ == "__main__":
    main()
