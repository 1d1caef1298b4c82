"""What the queue itself can carry: 1 to 64 workers whose renders are a wait, and 1 and 2 real ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from bench.common import CORES, Product, Spread, arguments, number, product
from bench.latency import sent
from bench.photos import MIXED, copies, photo, pictures
from bench.report import lines, save, table

# a second: 64 workers then ask little of the machine; a quarter: more than a photo costs
_WAITS = (1.0, 0.25)
_COUNTS = (1, 2, 4, 8, 16, 32, 64)
_SECONDS = 5


def main() -> None:
    """Measure with ever more workers, which stay; then with real ones."""
    options = arguments(__doc__)
    begun = time.monotonic()
    counts = (1, 4) if options.quick else _COUNTS
    waiting: dict[float, dict[int, float]] = {wait: {} for wait in _WAITS}
    tiny = [photo(0.1)]
    serial = iter(range(0, 10**9, 10_000))
    with product() as running:
        file = running.data / "wait"
        file.write_text("0")
        for count in counts:
            for place in range(len(running.processes) - 2, count):
                running.start(f"worker.{place + 1}", "bench.waiting", str(file))
            running.wait_for_workers(count)
            for wait in _WAITS:
                file.write_text(str(wait))
                images = round(count * (2 if options.quick else _SECONDS) / wait)
                rate = _rate(running, tiny, images, next(serial))
                waiting[wait][count] = rate
                share = rate * wait / count
                print(f"   {count} workers waiting {wait} s: {number(rate)} images/s, {share:.0%} of ideal", flush=True)
    real: dict[int, Spread] = {}
    for count in range(1, CORES + 1):
        with product(workers=count) as running:
            _rate(running, tiny, 2 * count, 0)
            few = 10 if options.quick else 20
            found = [_rate(running, pictures(MIXED, options.photos), few, (1 + turn) * 10_000) for turn in range(2)]
        real[count] = Spread.of(found)
        print(f"   {count} real workers: {real[count]} images/s", flush=True)
    print(f"   {time.monotonic() - begun:.0f} s in all")
    _report(waiting, real)


def _rate(running: Product, originals: Sequence[bytes], count: int, serial: int) -> float:
    """Images a second from the first that a worker began to the last that was ready, as their records tell."""
    with ThreadPoolExecutor(6) as clients:
        ids = [one for one, _ in clients.map(lambda data: sent(running, data), copies(list(originals), count, serial))]
    running.wait_until_done()
    records = [running.store.get(image_id) for image_id in ids]
    first = min(_moment(record.started_at) for record in records)
    last = max(_moment(record.finished_at) for record in records)
    return count / (last - first)


def _moment(when: str | None) -> float:
    assert when is not None
    return datetime.fromisoformat(when).timestamp()


def _report(waiting: dict[float, dict[int, float]], real: dict[int, Spread]) -> None:
    save("scaling", {"waiting": waiting, "real": real})
    rows: list[list[object]] = []
    for count in next(iter(waiting.values())):
        row: list[object] = [f"{count} waiting" if count > 1 else "1 waiting"]
        for wait, rates in waiting.items():
            row += [number(rates[count]), f"{rates[count] * wait / count:.0%}"]
        rows.append(row)
    for count, spread in real.items():
        rows.append([f"{count} rendering photos", spread, f"{spread.median / count / real[1].median:.0%}", "", ""])
    head = ["workers"]
    for wait in waiting:
        head += [f"{wait:g} s each: images/s", "of ideal"]
    note = (
        "Every process of it on this one machine. Ideal: workers divided by the wait; for real ones, the rate of one "
        "times their number."
    )
    table("scaling", head, rows, note)
    series: dict[str, dict[float, float]] = {}
    for wait, rates in waiting.items():
        series[f"{wait:g} s each"] = {float(count): rate for count, rate in rates.items()}
        series[f"ideal, {wait:g} s"] = {float(count): count / wait for count in rates}
    lines("scaling", "Workers that only wait: images a second", "workers", "images/s", series, log=True)


if __name__ == "__main__":
    main()
