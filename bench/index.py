"""Galleries of a hundred images and of a million: how long until the index is whole, with and without the files of
days, and then each page, search and count over HTTP; disk and memory.

The volumes are made by `bench.make_volume`, with the names, cameras and dates of ten years, and are kept between runs.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from bench.common import Product, call, number, quantile, scratch
from bench.make_volume import make
from bench.report import save, table
from pipeline.images.formats import Format
from pipeline.records import Record, State, StoredReason
from pipeline.store.day_files import DayFiles

_NAMES = ("IMG_{:04d}.JPG", "DSC{:05d}.jpg", "PXL_2019_{:06d}.jpg", "holiday beach {}.heic", "scan-{}.png")
_CAMERAS = ("Apple iPhone 12", "Canon EOS 80D", "NIKON D750", "Google Pixel 6", "FUJIFILM X-T4")
_FORMATS = (Format.JPEG,) * 6 + (Format.HEIC,) * 3 + (Format.PNG,)
_YEARS_DAYS = 3650
_FEW = 100
_ROUNDS = 100
_PAGES = ("first page", "a page in the middle", "by taken, first page", "by taken, in the middle", "upwards by taken")


@dataclass(frozen=True, slots=True)
class Whole:
    """How an index was built while the gallery served: seconds until it was whole, and the slowest page meanwhile."""

    seconds: float
    slowest_page: float


def dressed(place: int, record: Record) -> Record:
    """A record as a camera would fill it; one in five hundred failed."""
    dice = random.Random(place)
    received = datetime.fromisoformat(record.received_at)
    taken = received - timedelta(days=dice.randrange(400), seconds=dice.randrange(86_400))
    if place % 500 == 7:
        reason = StoredReason("cannot-be-decoded", "The file is damaged and cannot be decoded.")
        record = record.with_(state=State.FAILED, reason=reason, renditions={})
    return record.with_(
        name=dice.choice(_NAMES).format(place),
        format=dice.choice(_FORMATS),
        taken_at=taken.replace(tzinfo=None).isoformat(timespec="seconds"),
        camera=dice.choice(_CAMERAS),
        lens="24-70 mm f/2.8",
        exposure=f"1/{dice.randrange(30, 2000)} s, f/2.8, ISO 100, 35 mm",
        facts_version=1,
    )


def questions(dice: random.Random) -> dict[str, Callable[[], str]]:
    """What is asked, each time in another place."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def moment(since: float = 0, until: float = 0.35) -> datetime:
        """A moment between two shares of the years, counted back from today: of a hundred images, too, sixty and more
        are older than any of the newest third."""
        return today - timedelta(days=_YEARS_DAYS * (since + (until - since) * dice.random()))

    def received() -> str:
        milliseconds = int(moment().timestamp() * 1000)
        return f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7000-8000-000000000000"

    def taken(*shares: float) -> str:
        return f"{moment(*shares).replace(tzinfo=None).isoformat(timespec='seconds')}_{received()}"

    def week() -> str:
        first: date = moment().date()
        return f"from={first}&to={first + timedelta(days=7)}"

    images = "/api/images?limit=60&"
    return {
        "first page": lambda: images,
        "a page in the middle": lambda: f"{images}before={received()}",
        "by taken, first page": lambda: f"{images}sort=taken",
        "by taken, in the middle": lambda: f"{images}sort=taken&before={taken()}",
        "upwards by taken": lambda: f"{images}sort=taken&after={taken(0.7, 0.95)}",
        "a name that one has": lambda: f"{images}q={dice.randrange(10**6):06d}",
        "a name that many have": lambda: f"{images}sort=taken&q=beach&before={taken()}",
        "a name that none has": lambda: f"{images}q=nobody+has+this",
        "a camera": lambda: f"{images}sort=taken&q=nikon&before={taken()}",
        "a camera and a name": lambda: f"{images}q=nikon+beach",
        "failed": lambda: f"{images}state=failed&before={received()}",
        "failed, by taken": lambda: f"{images}state=failed&sort=taken&before={taken()}",
        "a format": lambda: f"{images}format=png&sort=taken&before={taken()}",
        "a format that none has": lambda: f"{images}format=gif&sort=taken",
        "a week": lambda: f"{images}{week()}",
        "days": lambda: "/api/days",
        "days by taken": lambda: "/api/days?by=taken",
    }


def build(web: Product) -> Whole:
    """Start web without an index, and wait until it is whole."""
    shutil.rmtree(web.environ["GALLERY_CACHE"], ignore_errors=True)
    began, slowest = time.monotonic(), 0.0
    web.start_web()
    connection = web.connection()
    while True:
        asked = time.perf_counter()
        _, body = call(connection, "GET", "/api/images?limit=60")
        slowest = max(slowest, (time.perf_counter() - asked) * 1000)
        if json.loads(body)["complete"]:
            return Whole(time.monotonic() - began, slowest)
        time.sleep(0.1)


def write_days(web: Product) -> tuple[float, float]:
    """Write the files of all days; seconds and megabytes."""
    time.sleep(0.1)
    began = time.monotonic()
    rounds = DayFiles(web.store.volume, 0, 0.01)
    while rounds.work(3600):
        pass
    seconds = time.monotonic() - began
    return seconds, sum(path.stat().st_size for path in web.store.layout.days.iterdir()) / 1e6


def ask(web: Product) -> dict[str, float]:
    """Milliseconds until the whole answer is there, at the 95th percentile."""
    connection, figures = web.connection(), {}
    for name, question in questions(random.Random("ask")).items():
        times = [_time(connection, question()) for _ in range(_ROUNDS)]
        figures[name] = quantile(times[1:], 0.95)
    return figures


def _time(connection: HTTPConnection, path: str) -> float:
    began = time.perf_counter()
    status, body = call(connection, "GET", path)
    taken = (time.perf_counter() - began) * 1000
    if status != 200:
        raise RuntimeError(f"{path}: {status} {body[:200]!r}")
    return taken


def compare(few: Path, many: Path) -> dict[str, tuple[float, float]]:
    """Milliseconds for each kind of page, medians of questions that both galleries answer in turns, their indexes whole
    and at rest."""
    webs = Product(few), Product(many)
    try:
        for web in webs:
            web.start_with_index()
        time.sleep(5)
        connections = [web.connection() for web in webs]
        asked = [questions(random.Random("pages")) for _ in webs]
        times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in _PAGES}
        for _ in range(2 * _ROUNDS):
            for name in _PAGES:
                for connection, found, kinds in zip(connections, times[name], asked, strict=True):
                    found.append(_time(connection, kinds[name]()))
        return {name: (median(one), median(other)) for name, (one, other) in times.items()}
    finally:
        for web in webs:
            web.stop_all()


def memory(web: Product) -> float:
    """Megabytes of all processes of web, what they share counted once."""
    parent = web.processes["web"].pid
    found, left = 0, [parent]
    while left:
        process = left.pop()
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        found += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        left += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
    return found / 1000


def disk(web: Product) -> float:
    """Megabytes of the index."""
    cache = Path(web.environ["GALLERY_CACHE"])
    return sum(path.stat().st_size for path in cache.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def measure(data: Path, images: int) -> dict[str, float]:
    """All figures of one gallery."""
    if not (data / "complete").exists():
        print(f" making {images} images", flush=True)
        make(data, images, _YEARS_DAYS, dress=dressed)
        (data / "complete").touch()
    web = Product(data)
    try:
        web.start_redis()
        shutil.rmtree(web.store.layout.days, ignore_errors=True)
        without = build(web)
        web.stop("web")
        writing, size = write_days(web)
        whole = build(web)
        figures = ask(web) | {"memory": memory(web), "disk": disk(web)}
    finally:
        web.stop_all()
    figures |= {
        "without": without.seconds, "slowest without": without.slowest_page,
        "with": whole.seconds, "slowest with": whole.slowest_page, "writing": writing, "size": size,
    }  # fmt: skip
    for name, value in figures.items():
        print(f"   {images} images: {name}: {number(value)}", flush=True)
    return figures


def _compared(pair: tuple[float, float] | None) -> tuple[str, str]:
    return (f"{number(pair[0])}, {number(pair[1])}", f"{pair[1] / pair[0]:.2f}") if pair else ("", "")


def main() -> None:
    """Measure both galleries; write the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.index", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth: to see that it works")
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--volumes", type=Path, default=scratch() / "index-bench-volumes", help="kept between runs")
    options = parser.parse_known_args()[0]
    images = options.images // (100 if options.quick else 1)
    few, many = (measure(options.volumes / str(count), count) for count in (_FEW, images))
    pages = compare(*(options.volumes / str(count) for count in (_FEW, images)))
    save("index", {"images": images, "few": few, "many": many, "pages": pages})
    head = ["", f"{_FEW:,} images", f"{images:,} images", "medians, in turns", "ratio"]
    rows = [
        [f"{name}, ms", number(few[name]), number(value), *_compared(pages.get(name))]
        for name, value in many.items()
        if name in questions(random.Random())
    ]
    note = (
        f"95th percentile of {_ROUNDS} questions, until the whole answer is there; 60 images each. Medians of"
        f" {2 * _ROUNDS} questions that both galleries answer in turns, and their ratio: how well a page of a few"
        " milliseconds does at its worst is the machine's doing."
    )
    table("index", head, rows, note)
    units = {
        "without": "until the index is whole, without the files of days, s",
        "with": "until the index is whole, with them, s",
        "slowest without": "the slowest first page meanwhile, without, ms",
        "slowest with": "the slowest first page meanwhile, with, ms",
        "writing": "writing the files of days, all at once, s",
        "size": "the files of days, MB",
        "disk": "the index on disk, MB",
        "memory": "web's memory after all questions, MB",
    }
    rows = [[text, number(few[name]), number(many[name])] for name, text in units.items()]
    table(
        "index-built", head[:3], rows, "From the start of web, which serves meanwhile; the volume's files in the cache."
    )


if __name__ == "__main__":
    main()
