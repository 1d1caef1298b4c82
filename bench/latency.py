"""Milliseconds from the last byte of an upload to the event that shows its thumbnail."""

from __future__ import annotations

import http.client
import io
import json
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from bench.common import CORES, Product, Spread, arguments, number, product, quantile, rounds
from bench.photos import copies, pictures
from bench.report import save, table
from pipeline.images.formats import Limits
from pipeline.images.recipe import DECODER_GAPS, GRID, VIEW, decoding_scale
from pipeline.images.view_format import ViewFormat
from tests.product import until
from worker.engine import render
from worker.engine.encode_webp import ENCODINGS
from worker.engine.picture import Rendition
from worker.render_process.memory import keep_memory

_LOAD = 0.7


class Listener:
    """Reads the events as a browser does, and remembers when it was told of each image's grid, and of all of it."""

    def __init__(self, running: Product) -> None:
        self.shown: dict[str, float] = {}
        self.ready: dict[str, float] = {}
        self._connection = http.client.HTTPConnection("127.0.0.1", running.port)
        self._connection.request("GET", "/api/events")
        self._answer = self._connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._answer:
            now = time.monotonic()
            if not line.startswith(b"data:"):
                continue
            record: dict[str, Any] = json.loads(line[5:])
            if "grid" in (record.get("renditions") or {}):
                self.shown.setdefault(record["id"], now)
            if record.get("state") == "ready":
                self.ready.setdefault(record["id"], now)


def sent(running: Product, picture: bytes) -> tuple[str, float]:
    """Upload a picture; its id, and when its last byte was given to the network."""
    connection = running.connection()
    connection.request("POST", "/api/images?name=photo.jpg", picture)
    moment = time.monotonic()
    answer = connection.getresponse()
    image_id: str = json.loads(answer.read())["id"]
    connection.close()
    return image_id, moment


def idle(running: Product, listener: Listener, pictures: Sequence[bytes]) -> list[float]:
    """One picture after the other, each when the one before is done."""
    times = []
    for picture in pictures:
        image_id, moment = sent(running, picture)
        until(lambda: image_id in listener.shown, 120, 0.001)  # noqa: B023 - called within its turn
        times.append((listener.shown[image_id] - moment) * 1000)
        running.wait_until_done()
    return times


def capacity(running: Product, pictures: Sequence[bytes]) -> float:
    """Images a second that the product makes when it has as many as it can carry."""
    began = time.monotonic()
    with ThreadPoolExecutor(4) as clients:
        list(clients.map(lambda picture: sent(running, picture), pictures))
    running.wait_until_done()
    return len(pictures) / (time.monotonic() - began)


def loaded(running: Product, listener: Listener, pictures: Sequence[bytes], rate: float) -> list[float]:
    """Pictures that come by chance, `rate` a second on average, whether or not those before are done."""
    dice = random.Random(9)
    with ThreadPoolExecutor(64) as clients:
        coming = []
        at = time.monotonic()
        for picture in pictures:
            at += dice.expovariate(rate)
            time.sleep(max(0.0, at - time.monotonic()))
            coming.append(clients.submit(sent, running, picture))
        moments = [one.result() for one in coming]
    running.wait_until_done()
    until(lambda: all(image_id in listener.shown for image_id, _ in moments), 120, 0.01)
    return [(listener.shown[image_id] - moment) * 1000 for image_id, moment in moments]


def pillow(picture: bytes, scale: int) -> float:
    """Milliseconds for decoding at 1/`scale`, resizing to view and grid, encoding the grid."""
    began = time.monotonic()
    source = Image.open(io.BytesIO(picture))
    source.draft(None, (source.width // scale, source.height // scale))
    source.thumbnail((VIEW, VIEW))
    source.thumbnail((GRID, GRID))
    source.save(io.BytesIO(), "WEBP", quality=round(ENCODINGS["grid"].quality), method=ENCODINGS["grid"].effort)
    return (time.monotonic() - began) * 1000


class _Shown(Exception):
    """The grid is there: enough was measured."""


def to_grid(path: Path) -> float:
    """Milliseconds of our own render until it hands out the grid."""
    began = time.monotonic()

    def publish(_: Rendition) -> None:
        raise _Shown

    with suppress(_Shown), path.open("rb") as file:
        render.render(file, Limits(), publish)
    return (time.monotonic() - began) * 1000


def main() -> None:
    """Measure at rest, then under load, and the same photo in a loop beside them."""
    options = arguments(__doc__)
    photo = [_largest(options.photos)] if options.photos else pictures((12,))
    some, many = (6, 20) if options.quick else (30, 120)
    fresh = copies(photo, 10_000)
    keep_memory()  # as a worker's renderer does: what is compared with it is not to wait for the system's memory

    def take(count: int) -> list[bytes]:
        return [next(fresh) for _ in range(count)]

    with product(workers=CORES) as running:
        listener = Listener(running)
        idle(running, listener, take(4))
        file = running.data / "photo.jpg"
        file.write_bytes(photo[0])
        times: list[float] = []
        with Image.open(file) as opened:
            scale = decoding_scale(*opened.size, VIEW * DECODER_GAPS[ViewFormat.AUTO])

        def at_rest() -> float:
            found = idle(running, listener, take(some // 2))
            times.extend(found)
            return quantile(found, 0.5)

        references = rounds(
            2,
            {
                "idle": at_rest,
                "Pillow": lambda: quantile([pillow(photo[0], scale) for _ in range(some // 2)], 0.5),
                "our render, to the grid": lambda: quantile([to_grid(file) for _ in range(some // 2)], 0.5),
            },
        )
        most = capacity(running, take(some // 2))
        rate = _LOAD * most
        print(f"   {number(most)} images/s at most; now {number(rate)} a second by chance", flush=True)
        busy = loaded(running, listener, take(many), rate)
    _report(photo[0], times, busy, references, rate)


def _largest(folder: Path) -> bytes:
    return max((path.read_bytes() for path in folder.glob("*.jp*g")), key=len)


def _report(photo: bytes, times: list[float], busy: list[float], references: dict[str, Spread], rate: float) -> None:
    figures = {name: {f"p{share}": quantile(found, share / 100) for share in (50, 95, 99)} for name, found in
               (("idle", times), ("loaded", busy))}  # fmt: skip
    reference = references["Pillow"].median
    bound = 1.3 * reference + 30
    save("latency", {"milliseconds": figures, "references": references, "rate": rate, "bound": bound})
    rows: list[list[object]] = [
        [label, *(number(value) for value in figures[name].values()), number(figures[name]["p50"] / reference), len(of)]
        for name, label, of in (
            ("idle", "at rest", times),
            ("loaded", f"at {_LOAD:.0%} load: {number(rate)} photos/s, arriving by chance", busy),
        )
    ]
    rows += [
        [f"for comparison: {label}", references[name], "", "", number(references[name].median / reference), ""]
        for name, label in (
            ("Pillow", "Pillow in a loop: decode at our scale, resize to view and grid, encode the grid"),
            ("our render, to the grid", "our own render in a loop, until the grid is handed out"),
        )
    ]
    head = ["upload's last byte → thumbnail's event", "median, ms", "95 %, ms", "99 %, ms", "to Pillow", "uploads"]
    with Image.open(io.BytesIO(photo)) as picture:
        size = f"{picture.width} × {picture.height}"
    note = (
        f"One photo of {size}, {len(photo) / 1e6:.1f} MB, every time. Aim at rest: at most 1.3 × Pillow's time "
        f"+ 30 ms, which is {number(bound)} ms here."
    )
    table("latency", head, rows, note)


if __name__ == "__main__":
    main()
