"""Images a second, uploaded over HTTP until ready on the volume, against what people would use instead."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.common import CORES, Product, Spread, arguments, number, product, rounds, scratch, upload
from bench.loop import loop
from bench.photos import MIXED, SMALL, copies, pictures
from bench.report import bars, save, table
from bench.rivals import rivals
from pipeline.images.recipe import EFFORT

OURS, LOOP = "Image Gallery, over HTTP", "bare loop of our own render"
QUICK = "Image Gallery, over HTTP, with GALLERY_WEBP_EFFORT=2"
AUTO = "Image Gallery, over HTTP, with views as they come (AVIF of photographs)"
_CLIENTS = 4
_WORKERS = CORES + 1  # as `make run` starts them


def main() -> None:
    """Measure each set of pictures in turns."""
    options = arguments(__doc__)
    # the rivals' encoder is to work as hard as ours
    effort = EFFORT
    sets = {
        "photos": (pictures(MIXED, options.photos), 10 if options.quick else 20),
        "small pictures": (pictures(SMALL), 40 if options.quick else 100),
    }
    figures: dict[str, dict[str, Spread]] = {}
    folder = Path(tempfile.mkdtemp(prefix="gallery-rivals-", dir=scratch()))
    try:
        with (
            product(workers=_WORKERS, GALLERY_VIEW_FORMAT="webp") as ours,
            product(workers=_WORKERS) as auto,
            product(web=False) as other,
            loop(folder / "loop") as bare,
            product(workers=_WORKERS, GALLERY_VIEW_FORMAT="webp", GALLERY_WEBP_EFFORT="2") as quick,
            rivals(other.redis_url, folder, effort) as others,
        ):
            for name, (originals, count) in sets.items():
                print(f"-- {name}: {count} files, {sum(map(len, originals)) / len(originals) / 1e6:.2g} MB each")
                files = _written(folder / name.replace(" ", "-"), originals, count)
                starts = iter(range(count, 1_000_000, count))
                contenders: dict[str, Callable[[], float]] = {
                    OURS: lambda: _ours(ours, originals, count, next(starts)),  # noqa: B023 - called within its turn
                    LOOP: _timed(bare.run, files),
                    QUICK: lambda: _ours(quick, originals, count, next(starts)),  # noqa: B023 - as above
                    AUTO: lambda: _ours(auto, originals, count, next(starts)),  # noqa: B023 - as above
                    **{rival: _timed(run, files) for rival, run in others.items()},
                }
                for one in (ours, quick, auto):
                    _ours(one, originals, 4, 1_000_000)
                for run in (bare.run, *others.values()):
                    run(files[:4])
                figures[name] = rounds(1 if options.quick else 3, contenders)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _report(figures, effort)


def _written(folder: Path, originals: Sequence[bytes], count: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{place}.jpg" for place in range(count)]
    for path, data in zip(paths, copies(list(originals), count), strict=True):
        path.write_bytes(data)
    return paths


def _timed(run: Callable[[Sequence[Path]], object], files: Sequence[Path]) -> Callable[[], float]:
    def measure() -> float:
        began = time.monotonic()
        run(files)
        return len(files) / (time.monotonic() - began)

    return measure


def _ours(ours: Product, originals: Sequence[bytes], count: int, start: int) -> float:
    """Upload from a few clients at once, then wait for the outbox to be empty: images a second."""
    data = copies(list(originals), count, start)
    turn = threading.Lock()

    def clients() -> Iterator[threading.Thread]:
        for _ in range(_CLIENTS):
            thread = threading.Thread(target=_upload_all, args=(ours, data, turn))
            thread.start()
            yield thread

    began = time.monotonic()
    for thread in list(clients()):
        thread.join()
    ours.wait_until_done()
    return count / (time.monotonic() - began)


def _upload_all(ours: Product, data: Iterator[bytes], turn: threading.Lock) -> None:
    connection = ours.connection()
    while True:
        with turn:
            picture = next(data, None)
        if picture is None:
            break
        upload(connection, picture)
    connection.close()


def _report(figures: dict[str, dict[str, Spread]], effort: int) -> None:
    save("throughput", {"images_a_second": figures, "effort": effort, "clients": _CLIENTS})
    rows = []
    for name in next(iter(figures.values())):
        row: list[object] = [name]
        for found in figures.values():
            row += [found[name], "1" if name == OURS else f"{number(found[OURS].median / found[name].median)} ×"]
        rows.append(row)
    head = ["two processes on two cores" if CORES == 2 else f"{CORES} processes"]
    for name in figures:
        head += [f"{name}, images/s", "ours is"]
    table("throughput", head, rows, f"Grid and view of each picture, WebP quality 80, effort {effort}.")
    bars("throughput", "Both renditions, images a second", "images/s", figures)


if __name__ == "__main__":
    main()
