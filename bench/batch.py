"""A batch of photos: when the first twenty, half, nine tenths and all of them can be seen, and when all is made.

`--before DIR` names a checkout of an earlier release, with its environment in `.venv`, to be measured beside this one.
`--only TEXT` runs the contenders with this in their names, beside all others at rest, and fills no table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.common import CORES, Product, Spread, arguments, product, scratch, upload_at_once
from bench.latency import Listener
from bench.photos import copies, pictures
from bench.report import save, table
from bench.rivals import Run, batch_rivals
from pipeline.images import recipe
from tests.product import ROOT, until

#: in megapixels, as phones make them
PHOTOS = (6, 8, 12, 12, 12)
COUNT, ROUNDS, CLIENTS = 200, 3, 4
HTTP, DISK = "uploaded by four clients", "accepted before"
VIEWS = {"auto": "Image Gallery", "webp": "Image Gallery, views as WebP", "jpeg": "Image Gallery, views as JPEG"}
#: Immich's renditions of a photo of 4:3, whose shorter sides are 250 and 1440 pixels
IMMICH_GRID, IMMICH_VIEW = 333, 1920


@dataclass(frozen=True, slots=True)
class Batch:
    """Seconds from the start until each picture could be seen, and until everything was made."""

    seen: list[float]
    made: float

    def figures(self) -> dict[str, float]:
        """The columns of the table."""
        ordered = sorted(self.seen)
        first = ordered[min(20, len(ordered)) - 1]
        half, most = (ordered[-(-len(ordered) * part // 100) - 1] for part in (50, 90))
        return {"first 20": first, "50 %": half, "90 %": most, "all seen": ordered[-1], "all made": self.made}


def main() -> None:
    """Measure all contenders in turns."""
    options = _arguments()
    count = 20 if options.quick else COUNT
    originals = pictures(PHOTOS, options.photos)
    folder = Path(tempfile.mkdtemp(prefix="gallery-batch-", dir=scratch()))
    found: dict[str, list[dict[str, float]]] = {}
    try:
        with ExitStack() as stack:
            field = _field(stack, originals, count, folder, options.before)
            contenders = {name: run for name, run in field if options.only in name}
            if not contenders:
                raise SystemExit(f"no contender has {options.only!r} in its name")
            for run in contenders.values():
                run(4)
            names = list(contenders)
            for turn in range(1 if options.quick else ROUNDS):
                for name in names[turn % len(names) :] + names[: turn % len(names)]:
                    figures = contenders[name](count).figures()
                    found.setdefault(name, []).append(figures)
                    print(f"   round {turn + 1}: {name}: {figures}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not options.quick and not options.only:
        _report(found, count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="a checkout of an earlier release")
    parser.add_argument("--only", default="", help="a part of the contenders' names")
    return parser.parse_known_args(namespace=arguments(__doc__))[0]


def _field(
    stack: ExitStack, originals: list[bytes], count: int, folder: Path, before: Path | None
) -> Iterator[tuple[str, Callable[[int], Batch]]]:
    """All contenders by name: each makes so many photos, and says when."""
    taken = 0

    def fresh(number: int) -> list[bytes]:
        nonlocal taken
        taken += number
        return list(copies(originals, number, taken - number))

    def ours(running: Product, listener: Listener, waiting: bool, number: int) -> Batch:
        return _ours(running, listener, fresh(number), waiting=waiting)

    products = {
        name: stack.enter_context(product(workers=CORES, GALLERY_VIEW_FORMAT=view)) for view, name in VIEWS.items()
    }
    sized = stack.enter_context(product(root=_in_immichs_sizes(folder), workers=CORES, GALLERY_VIEW_FORMAT="jpeg"))
    products["Image Gallery, views as JPEG, in Immich's sizes"] = sized
    if before:
        products["Image Gallery 0.1"] = stack.enter_context(product(root=before, workers=CORES))
    for name, running in products.items():
        listener = Listener(running)
        yield f"{name}, {HTTP}", partial(ours, running, listener, False)
        yield f"{name}, {DISK}", partial(ours, running, listener, True)
    other = stack.enter_context(product(web=False))
    files = [folder / f"{place}.jpg" for place in range(count)]
    for path, data in zip(files, fresh(count), strict=True):
        path.write_bytes(data)
    for name, run in stack.enter_context(batch_rivals(other.redis_url, folder, recipe.EFFORT)).items():
        yield name, partial(_rival, run, files)


def _in_immichs_sizes(folder: Path) -> Path:
    """A copy of this checkout that makes renditions as large as Immich's; sizes are no setting."""
    copy = folder / "checkout"
    for package in ("launcher", "pipeline", "web", "worker"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("frontend", "__pycache__"))
    (copy / ".venv").symlink_to(ROOT / ".venv")
    module = copy / Path(str(recipe.__file__)).relative_to(ROOT)
    before, sizes = module.read_text(), f"GRID, VIEW = {recipe.GRID}, {recipe.VIEW}\n"
    if sizes not in before:
        raise RuntimeError(f"no sizes in {module}")
    module.write_text(before.replace(sizes, f"GRID, VIEW = {IMMICH_GRID}, {IMMICH_VIEW}\n"))
    return copy


def _ours(running: Product, listener: Listener, photos: Sequence[bytes], *, waiting: bool) -> Batch:
    """Upload by a few clients. If `waiting`, workers rest until all is accepted, and only what follows counts."""
    workers = [process.pid for name, process in running.processes.items() if name.startswith("worker")]
    began = time.monotonic()
    if waiting:
        _signal(workers, signal.SIGSTOP)
    ids = upload_at_once(running, [photos[part::CLIENTS] for part in range(CLIENTS)])
    if waiting:
        began = time.monotonic()
        _signal(workers, signal.SIGCONT)
    until(lambda: all(image_id in listener.ready for image_id in reversed(ids)), 600, 0.01)
    return Batch(
        [listener.shown[image_id] - began for image_id in ids],
        max(listener.ready[image_id] for image_id in ids) - began,
    )


def _signal(processes: Sequence[int], number: signal.Signals) -> None:
    for process in processes:
        os.kill(process, number)


def _rival(run: Run, files: Sequence[Path], number: int) -> Batch:
    began = time.time()
    times = run(files[:number])
    return Batch([grid - began for grid, _ in times], max(max(pair) for pair in times) - began)


def _report(found: dict[str, list[dict[str, float]]], count: int) -> None:
    spreads = {
        name: {column: Spread.of([one[column] for one in rounds]) for column in rounds[0]}
        for name, rounds in found.items()
    }
    save("batch", {"photos": count, "seconds": spreads})
    columns = list(next(iter(spreads.values())))
    rows = [[name, *(str(figures[column]) for column in columns)] for name, figures in spreads.items()]
    table("batch", [f"seconds, {count} photos, two workers", *columns], rows)


if __name__ == "__main__":
    main()
