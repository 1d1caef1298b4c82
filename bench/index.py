"""The index of a hundred images and of a million: pages in any order, searches, filters, days, disk and memory.

The records are made up, and no folder is behind them; a volume of `--volume` images shows what building costs.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from bench.common import number, quantile, scratch
from bench.make_volume import make
from bench.report import save, table
from pipeline.images.formats import Format
from pipeline.records import Reason, Record, RenditionInfo, State, stamp
from pipeline.settings import Settings
from pipeline.store import Store
from web.index import Index, Position, Query, Sort
from web.index.changes import Changes
from web.index.database import Database
from web.index.rows import Codec

_NAMES = ("IMG_{:04d}.JPG", "DSC{:05d}.jpg", "PXL_2019_{:06d}.jpg", "holiday beach {}.heic", "scan-{}.png")
_CAMERAS = ("Apple iPhone 12", "Canon EOS 80D", "NIKON D750", "Google Pixel 6", "FUJIFILM X-T4")
_FORMATS = (Format.JPEG,) * 6 + (Format.HEIC,) * 3 + (Format.PNG,)
_BEGIN = datetime(2016, 1, 1, tzinfo=UTC)
_BATCH = 500
_ROUNDS = 60


def records(count: int) -> Iterator[Record]:
    """Ten years of pictures, oldest first; one in five hundred failed."""
    dice = random.Random(count)
    for place in range(count):
        moment = int((_BEGIN.timestamp() + place * 10 * 365 * 86_400 / count) * 1000)
        digits = f"{moment:012x}7{dice.getrandbits(12):03x}8{dice.getrandbits(60):015x}"
        image_id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        when = datetime.fromtimestamp(moment / 1000, UTC)
        taken = when - timedelta(days=dice.randrange(400), seconds=dice.randrange(86_400))
        failed = place % 500 == 7
        yield Record(
            id=image_id,
            name=dice.choice(_NAMES).format(place),
            format=dice.choice(_FORMATS),
            bytes=dice.randrange(10**5, 10**7),
            width=4032,
            height=3024,
            sha256=f"{dice.getrandbits(256):064x}",
            received_at=stamp(when),
            state=State.FAILED if failed else State.READY,
            reason=Reason("cannot-be-decoded", "The file is damaged and cannot be decoded.") if failed else None,
            attempts=1,
            queued_at=stamp(when),
            started_at=stamp(when),
            finished_at=stamp(when),
            worker="worker-5d9c7b-2",
            placeholder=dice.randbytes(16).hex(),
            color=f"#{dice.getrandbits(24):06x}",
            recipe=6,
            taken_at=taken.replace(tzinfo=None).isoformat(timespec="seconds"),
            camera=dice.choice(_CAMERAS),
            renditions={} if failed else {name: _rendition(dice) for name in ("grid", "view")},
        )


def _rendition(dice: random.Random) -> RenditionInfo:
    return RenditionInfo(480, 360, dice.randrange(10**4, 10**5), f"{dice.getrandbits(256):064x}")


def fill(store: Store, cache: Path, count: int) -> tuple[float, float]:
    """Fill an index with made-up records; returns seconds and megabytes."""
    database, codec = Database(cache, store.volume.id), Codec(store.volume.id)
    database.folder.mkdir(parents=True)
    database.create()
    began, rows = time.monotonic(), []
    with database.open() as opened:
        for record in records(count):
            rows.append(codec.row(record))
            if len(rows) == _BATCH:
                Changes(opened, codec).fill(rows)
                opened.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                rows = []
        Changes(opened, codec).fill(rows)
        opened.connection.execute("UPDATE about SET whole = 1")
        opened.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    size = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file() and not path.is_symlink())
    return time.monotonic() - began, size / 1e6


def ask(data: Path, cache: Path) -> dict[str, float]:
    """Milliseconds at the 95th percentile of each question, and the megabytes of memory that asking cost."""
    store = Store(Settings.from_environment({"GALLERY_DATA": str(data)}))
    index, dice = Index(cache, store.volume), random.Random("ask")
    before, figures = _memory(), {}
    for name, query in questions(dice).items():
        times = []
        for _ in range(_ROUNDS):
            asked = query()
            began = time.perf_counter()
            index.page(asked, 60)
            times.append((time.perf_counter() - began) * 1000)
        figures[name] = quantile(times, 0.95)
    for sort in Sort:
        began = time.perf_counter()
        index.days(sort, marks=True)
        figures[f"days by {sort}, the first time"] = (time.perf_counter() - began) * 1000
        times = []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            index.days(sort, marks=True)
            times.append((time.perf_counter() - began) * 1000)
        figures[f"days by {sort}"] = quantile(times, 0.95)
    return {**figures, "memory": _memory() - before}


def questions(dice: random.Random) -> dict[str, Callable[[], Query]]:
    """What is asked, each time in another place."""

    def place(sort: Sort) -> Position:
        moment = int((_BEGIN.timestamp() + dice.random() * 10 * 365 * 86_400) * 1000)
        image_id = f"{moment >> 16:08x}-{moment & 0xFFFF:04x}-7000-8000-000000000000"
        return Position(moment // 1000 if sort is Sort.TAKEN else None, image_id)

    def day() -> date:
        return (_BEGIN + timedelta(days=dice.randrange(3600))).date()

    return {
        "first page": Query,
        "a page in the middle": lambda: Query(before=place(Sort.RECEIVED)),
        "by taken, first page": lambda: Query(Sort.TAKEN),
        "by taken, in the middle": lambda: Query(Sort.TAKEN, before=place(Sort.TAKEN)),
        "upwards": lambda: Query(Sort.TAKEN, after=place(Sort.TAKEN)),
        "a name that one has": lambda: Query(words=(f"{dice.randrange(10**6):06d}",)),
        "a name that many have": lambda: Query(Sort.TAKEN, words=("beach",), before=place(Sort.TAKEN)),
        "a name that none has": lambda: Query(words=("nobody has this",)),
        "a camera": lambda: Query(Sort.TAKEN, words=("nikon",), before=place(Sort.TAKEN)),
        "a camera and a name": lambda: Query(words=("nikon", "beach")),
        "failed": lambda: Query(state=State.FAILED, before=place(Sort.RECEIVED)),
        "failed, by taken": lambda: Query(Sort.TAKEN, state=State.FAILED, before=place(Sort.TAKEN)),
        "a format": lambda: Query(Sort.TAKEN, format=Format.PNG, before=place(Sort.TAKEN)),
        "a format that none has": lambda: Query(Sort.TAKEN, format=Format.GIF),
        "a week": lambda: Query(Sort.TAKEN, first=(begin := day()), last=begin + timedelta(days=7)),
    }


def build(folder: Path) -> float:
    """Seconds until the index of a volume is whole."""
    store = Store(Settings.from_environment({"GALLERY_DATA": str(folder / "data")}))
    index = Index(folder / "cache", store.volume)
    began = time.monotonic()
    index.start()
    while not _is_whole(index):
        time.sleep(0.05)
    return time.monotonic() - began


def _is_whole(index: Index) -> bool:
    try:
        index.days(Sort.RECEIVED, marks=False)
    except Exception:  # noqa: BLE001 - not yet, for whatever reason
        return False
    return True


def _memory() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Fill two indexes, ask both in fresh processes, build one from a volume; write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth: to see that it works")
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--volume", type=int, default=100_000)
    parser.add_argument("--ask", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_known_args()[0]
    if options.ask:
        print(msgspec.json.encode(ask(*options.ask)).decode())
        return
    if options.build:
        print(build(options.build))
        return
    share = 10 if options.quick else 1
    folder = Path(tempfile.mkdtemp(prefix="bench-index-", dir=scratch()))
    try:
        found = {count: _measure(folder / str(count), count) for count in (100, options.images // share)}
        images = options.volume // share
        make(folder / "volume" / "data", images=images, days=365)
        command = [sys.executable, "-m", "bench.index", "--build", str(folder / "volume")]
        seconds = float(subprocess.check_output(command).splitlines()[-1])
    finally:
        shutil.rmtree(folder)
    _report(found, images, seconds)


def _measure(folder: Path, count: int) -> dict[str, float]:
    store = Store(Settings.from_environment({"GALLERY_DATA": str(folder / "data")}))
    store.prepare()
    seconds, size = fill(store, folder / "cache", count)
    command = [sys.executable, "-m", "bench.index", "--ask", str(folder / "data"), str(folder / "cache")]
    figures = msgspec.json.decode(subprocess.check_output(command), type=dict[str, float])
    figures |= {"disk": size, "filling": seconds}
    for name, value in figures.items():
        print(f"   {count} images: {name}: {number(value)}", flush=True)
    return figures


def _report(found: dict[int, dict[str, float]], images: int, seconds: float) -> None:
    rate = images / seconds
    print(f"   a volume of {images} images is indexed in {number(seconds)} s, {number(rate)} images/s", flush=True)
    save("index", {"found": found, "volume": {"images": images, "seconds": seconds}})
    few, many = found
    units = {"disk": "MB on disk", "memory": "MB of memory for asking", "filling": "s to fill from made-up records"}
    rows = [
        [units.get(name, f"{name}, ms"), number(found[few][name]), number(value)] for name, value in found[many].items()
    ]
    note = (
        f"95th percentile of {_ROUNDS} questions for 60 images, in the process that has the index. From the folders "
        f"of a volume, {number(rate)} images a second are indexed while nothing else runs."
    )
    table("index", ["", f"{few:,} images", f"{many:,} images"], rows, note)


if __name__ == "__main__":
    main()
