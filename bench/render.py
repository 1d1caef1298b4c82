"""Rendering: grid and view of one photograph on one core, by this engine, by libvips and by sharp."""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from bench.common import Spread, number
from bench.photos import photo
from bench.report import save, table
from pipeline.images.formats import Limits, read_header
from pipeline.images.recipe import GRID, VIEW
from pipeline.images.view_format import ViewFormat
from tests.product import ROOT
from worker.engine.decode import decode, prepare
from worker.engine.encode_webp import ENCODINGS, Encoding, encoded
from worker.engine.picture import Rendition
from worker.engine.render import render, upright_view
from worker.engine.resize import fitted
from worker.render_process.memory import keep_memory

SIZES = (1, 12, 24, 50)
SHARP = ROOT / "bench" / "rivals" / "sharp"
LONGEST = {"grid": GRID, "view": VIEW}


def ours(original: Path, folder: Path) -> None:
    """The engine of this product."""

    def write(made: Rendition) -> None:
        (folder / f"{made.name}.webp").write_bytes(made.data)

    with original.open("rb") as file:
        render(file, Limits(), write, view_format=ViewFormat.WEBP)


def decoder(original: Path, _folder: Path) -> None:
    """Nothing but the decoder, at the scale that the engine uses."""
    with original.open("rb") as file:
        header = read_header(file)
        decode(file, header)


def pyvips(original: Path, folder: Path) -> None:
    """libvips as its documentation advises: `thumbnail`, the grid made from the view."""
    import pyvips as vips

    vips.cache_set_max(0)
    view = vips.Image.thumbnail(str(original), LONGEST["view"], height=LONGEST["view"], size="down").copy_memory()
    view.webpsave(str(folder / "view.webp"), Q=80, keep="none")
    grid = view.thumbnail_image(LONGEST["grid"], height=LONGEST["grid"], size="down")
    grid.webpsave(str(folder / "grid.webp"), Q=80, keep="none")


WAYS: dict[str, Callable[[Path, Path], None]] = {"image gallery": ours, "decoder alone": decoder, "pyvips": pyvips}


def serve(way: str) -> None:
    """One line in (original, folder), one line out (CPU milliseconds)."""
    if way in ("image gallery", "decoder alone"):
        keep_memory()
    for line in sys.stdin:
        original, folder = map(Path, line.rstrip("\n").split("\t"))
        began = time.process_time()
        WAYS[way](original, folder)
        print((time.process_time() - began) * 1000, flush=True)


class Contender:
    """A process that renders on one core and says what it took."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix="gallery-render-"))
        self._process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "VIPS_CONCURRENCY": "1"},
            preexec_fn=lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}),
        )  # fmt: skip

    def __call__(self, original: Path) -> float:
        """CPU milliseconds for both renditions."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{original}\t{self.folder}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process and remove what it made."""
        self._process.communicate()
        shutil.rmtree(self.folder)


def contenders() -> Iterator[Contender]:
    """All that this machine has."""
    for way in WAYS:
        yield Contender(way, [sys.executable, "-m", "bench.render", "--serve", way])
    if (node := shutil.which("node")) and (npm := shutil.which("npm")):
        if not (SHARP / "node_modules").exists():
            subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=SHARP, check=True, stdout=subprocess.DEVNULL)
        yield Contender("sharp", [node, str(SHARP / "render.mjs")])


def similarity(made: Path, original: Path, longest: int) -> float:
    """SSIM of brightness (Wang et al. 2004) against the whole original scaled by Lanczos' filter."""
    import numpy as np

    with Image.open(original) as whole, Image.open(made) as picture:
        reference = whole.convert("RGB")
        reference.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=None)
        one, other = (np.asarray(i.convert("L"), "float32") for i in (reference, picture))
    weights = np.exp(-((np.arange(11) - 5.0) ** 2) / 4.5).astype("float32")
    weights /= weights.sum()

    def blurred(values: Any) -> Any:
        for axis in (0, 1):
            length = values.shape[axis] - 10
            cuts = [np.take(values, range(at, at + length), axis) for at in range(11)]
            values = sum(weight * cut for weight, cut in zip(weights, cuts, strict=True))
        return values

    means = blurred(one), blurred(other)
    variances = [blurred(v * v) - m * m for v, m in zip((one, other), means, strict=True)]
    together = blurred(one * other) - means[0] * means[1]
    light = (2 * means[0] * means[1] + 6.5025) / (means[0] ** 2 + means[1] ** 2 + 6.5025)
    shape = (2 * together + 58.5225) / (variances[0] + variances[1] + 58.5225)
    return float((light * shape).mean())


def bytes_at(
    picture: Image.Image, encoding: Encoding, original: Path, longest: int, likenesses: Sequence[float]
) -> list[float]:
    """The bytes that this encoding, at whatever quality, needs to come as near to the original, for each likeness."""
    import numpy as np

    found = []
    with tempfile.NamedTemporaryFile(suffix=".webp") as scratch:
        # with the quality itself, so that an encoding compared with itself comes out as 1
        for quality in {*range(66, 92, 3), encoding.quality}:
            data = encoded(picture, replace(encoding, quality=quality))
            Path(scratch.name).write_bytes(data)
            # the one is all but a line of the other
            found.append((_nearness(similarity(Path(scratch.name), original, longest)), math.log(len(data))))
    found.sort()
    near, sizes = zip(*found, strict=True)
    wanted = [_nearness(likeness) for likeness in likenesses]
    if min(wanted) < near[0] or max(wanted) > near[-1]:
        raise ValueError(f"{likenesses} lie beyond the qualities that were tried")
    return [math.exp(float(np.interp(one, near, sizes))) for one in wanted]


def _nearness(likeness: float) -> float:
    return -math.log(1 - likeness)


def main() -> None:
    """Measure every picture by every contender, in turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=WAYS)
    parser.add_argument("--photos", type=Path, help="a folder of photographs, measured beside the generated ones")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    with tempfile.TemporaryDirectory() as scratch:
        originals = {path.stem: path for path in sorted(options.photos.glob("*.jp*g"))} if options.photos else {}
        for size in SIZES:
            path = Path(scratch) / f"{size}.jpg"
            path.write_bytes(photo(size))
            originals[f"generated, {size} MP"] = path
        measure(originals, options.rounds)


def measure(originals: dict[str, Path], rounds: int) -> None:
    """Fill the table of the page."""
    prepare()
    field = list(contenders())
    rows, figures = [], []
    for name, original in originals.items():
        times: dict[str, list[float]] = {one.name: [] for one in field}
        for turn in range(rounds + 1):
            for one in field[turn % len(field) :] + field[: turn % len(field)]:
                took = one(original)
                # the first round warms every process up
                times[one.name] += [took] if turn else []
        spreads = {one: Spread.of(values) for one, values in times.items()}
        sizes, likenesses = {}, {}
        for one in field:
            files = {kind: one.folder / f"{kind}.webp" for kind in LONGEST}
            sizes[one.name] = {kind: file.stat().st_size for kind, file in files.items() if file.exists()}
            likenesses[one.name] = {kind: similarity(files[kind], original, LONGEST[kind]) for kind in sizes[one.name]}
        with original.open("rb") as file:
            view = upright_view(file, Limits()).picture
        needed: dict[str, dict[str, float]] = {}
        for kind, longest in LONGEST.items():
            asked = {one: found[kind] for one, found in likenesses.items() if found}
            ours_at = bytes_at(fitted(view, longest), ENCODINGS[kind], original, longest, list(asked.values()))
            needed[kind] = dict(zip(asked, ours_at, strict=True))
        for one in field:
            size, likeness = sizes[one.name], likenesses[one.name]
            to_ours = {kind: size[kind] / needed[kind][one.name] for kind in size}
            ratio = spreads[one.name].median / spreads["decoder alone"].median
            figures.append({
                "picture": name, "by": one.name, "cpu_ms": spreads[one.name], "to_decoder": ratio,
                "bytes": size, "ssim": likeness, "bytes_to_ours_at_equal_ssim": to_ours,
            })  # fmt: skip
            rows.append([
                name, one.name, str(spreads[one.name]), f"{ratio:.1f}",
                *(number(size[kind] / 1000) if size else "" for kind in ("view", "grid")),
                *(f"{likeness[kind]:.4f}" if size else "" for kind in ("view", "grid")),
                *(f"{to_ours[kind]:.3f}" if size else "" for kind in ("view", "grid")),
            ])  # fmt: skip
            print(rows[-1], flush=True)
    for one in field:
        one.close()
    save("render", {"renders": figures})
    head = ("picture", "by", "CPU ms", "to decoder", "view KB", "grid KB", "view SSIM", "grid SSIM",
            "view bytes to ours", "grid bytes to ours")  # fmt: skip
    note = (
        f"CPU time of both renditions on one core, WebP of quality 80 (our grid {ENCODINGS['grid'].quality:g})."
        " Bytes to ours: its size in units of what our encoder needs for the same SSIM, interpolated between qualities."
    )
    table("render", head, rows, note)


if __name__ == "__main__":
    main()
