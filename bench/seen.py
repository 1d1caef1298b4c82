"""How soon people see pictures: 200 photos, one worker; their sender and a second viewer watch in Chromium.

Then the same photos come from a program, so that no browser that sends them takes processor time from the rest.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench import report
from bench.common import Product, Spread, arguments, product, quantile, scratch, upload_at_once
from bench.photos import MIXED, pictures
from tests.browser.files import choose
from tests.product import until

PHOTOS, ROUNDS = 200, 3
#: as many files as a browser of ours sends at once
_CLIENTS = 3
_SOON_MS = 2000
#: looks five times a second at the tiles in view: [time, tiles, of them drawn, those in view for two seconds, drawn]
_WATCH = f"""
window.watched = {{ samples: [], delays: [], long: [], grid: 0, panel: 0 }};
const observe = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({{ type, buffered: true }});
observe("longtask", ({{ duration }}) => watched.long.push(duration));
observe("layout-shift", ({{ value, sources }}) => {{
  const panel = ({{ node }}) => (node?.closest ? node : node?.parentElement)?.closest(".uploads");
  watched[sources.length && sources.every(panel) ? "panel" : "grid"] += value;
}});
const first = new Map();
setInterval(() => {{
  const now = Date.now();
  const sample = [now, 0, 0, 0, 0];
  for (const tile of document.querySelectorAll(".grid .tile")) {{
    const box = tile.getBoundingClientRect();
    if (box.bottom <= 64 || box.top >= innerHeight) continue;
    const state = first.get(tile.dataset.id) ?? {{ at: now, drawn: false }};
    first.set(tile.dataset.id, state);
    const image = tile.querySelector("img");
    const drawn = Boolean(image?.complete && image.naturalWidth);
    if (drawn && !state.drawn) watched.delays.push((now - state.at) / 1000);
    state.drawn ||= drawn;
    sample[1] += 1;
    sample[2] += drawn;
    if (now - state.at < {_SOON_MS}) continue;
    sample[3] += 1;
    sample[4] += drawn;
  }}
  if (sample[1]) watched.samples.push(sample);
}}, 200);
"""


@dataclass(frozen=True)
class Watched:
    """What one page saw."""

    samples: list[list[int]]
    delays: list[float]
    longest_task: float
    grid_shift: float
    panel_shift: float

    @classmethod
    def by(cls, page: Page) -> Watched:
        """What this page has seen so far."""
        found: dict[str, Any] = page.evaluate("watched")
        return cls(found["samples"], found["delays"], max(found["long"], default=0.0), found["grid"], found["panel"])

    def shown_soon(self) -> float:
        """The percentage of samples in which every tile that had been in view for two seconds showed its picture."""
        return 100 * sum(old == drawn for _, _, _, old, drawn in self.samples) / len(self.samples)

    def mostly_shown_after(self, began: float) -> float:
        """Seconds after which nine tenths of the tiles in view showed pictures, and never fewer from then on."""
        lacking = [at for at, tiles, drawn, _, _ in self.samples if drawn < 0.9 * tiles]
        return max(lacking, default=began * 1000) / 1000 - began


def main() -> None:
    """Send, watch, and look again when every rendition is made."""
    options = arguments(__doc__)
    count = 40 if options.quick else PHOTOS
    folder = Path(tempfile.mkdtemp(prefix="gallery-bench-photos-", dir=scratch()))
    figures: dict[str, list[float]] = {}
    try:
        paths = photos(folder, count, options.photos)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for number in range(1 if options.quick else ROUNDS):
                for play in (_from_a_browser, _from_a_program):
                    with product(workers=1) as running:
                        for name, value in play(browser, running, paths).items():
                            figures.setdefault(name, []).append(value)
                            print(f"   round {number + 1}: {name}: {value:.3f}", flush=True)
            browser.close()
    finally:
        shutil.rmtree(folder)
    if options.quick:
        return
    spreads = {name: Spread.of(values) for name, values in figures.items()}
    report.save("seen", {"photos": count, **spreads})
    report.table("seen", ("", f"{count} photos, one worker"), [[name, spread] for name, spread in spreads.items()])


def photos(folder: Path, count: int, own: Path | None) -> list[Path]:
    """So many different JPEGs: each photo often, with a comment of its own."""
    sources = pictures(MIXED, own)
    paths = []
    for n in range(count):
        data = sources[n % len(sources)]
        comment = f"{n:06}".encode()
        paths.append(folder / f"photo-{n:03}.jpg")
        paths[-1].write_bytes(data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:])
    return paths


def _from_a_browser(browser: Browser, running: Product, paths: list[Path]) -> dict[str, float]:
    sender, viewer = (_open(browser, running) for _ in range(2))
    began = time.time()
    choose(sender, paths)
    sender.locator(".uploads strong", has_text=f"{len(paths)} pictures added").wait_for(timeout=600_000)
    accepted = time.time() - began
    until(lambda: not running.store.pending(), 900, 0.2)
    took = time.time() - began
    time.sleep(2)
    sent, seen = Watched.by(sender), Watched.by(viewer)
    for page in (sender, viewer):
        page.context.close()
    mostly = seen.mostly_shown_after(began)
    return {
        "all accepted, s": accepted,
        "all renditions made, s": took,
        "sender: samples in which all tiles in view for 2 s show pictures, %": sent.shown_soon(),
        "sender: from a tile to its picture, 95th percentile, s": quantile(sent.delays, 0.95),
        "second viewer: 90 % of the tiles in view show pictures, s": mostly,
        "the same, in % of the time that all renditions took": 100 * mostly / took,
        "second viewer: from a tile to its picture, 90th percentile, s": quantile(seen.delays, 0.9),
        "longest task, sender, ms": sent.longest_task,
        "longest task, second viewer, ms": seen.longest_task,
        "layout shift, grid": max(sent.grid_shift, seen.grid_shift),
        "layout shift, panel": sent.panel_shift,
    }


def _from_a_program(browser: Browser, running: Product, paths: list[Path]) -> dict[str, float]:
    viewer = _open(browser, running)
    began = time.time()
    upload_at_once(running, [map(Path.read_bytes, paths[part::_CLIENTS]) for part in range(_CLIENTS)])
    accepted = time.time() - began
    until(lambda: not running.store.pending(), 900, 0.2)
    took = time.time() - began
    time.sleep(2)
    seen = Watched.by(viewer)
    viewer.context.close()
    mostly = seen.mostly_shown_after(began)
    return {
        "sent by a program: all accepted, s": accepted,
        "sent by a program: all renditions made, s": took,
        "sent by a program: 90 % of the tiles in view show pictures, s": mostly,
        "sent by a program: the same, in % of the time that all renditions took": 100 * mostly / took,
    }


def _open(browser: Browser, running: Product) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(_WATCH)
    page.goto(running.url)
    page.wait_for_selector("html.alive")
    page.wait_for_timeout(2500)
    return page


if __name__ == "__main__":
    main()
