"""`python -m tests.browser.recording`: a short film of the running product, docs/screenshots/film.webp."""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.files import drop
from tests.browser.screenshots import OUT, furnish, settle
from tests.landscapes import scene
from tests.product import prepared

_SIZE = (1080, 700)
_SHOWN = (810, 525)
_LONGEST, _LAST = 250, 1500
_GOOD = range(100, 106)


class Film:
    """What a page shows, frame by frame; a frame stays for as long as the next one took, within a bound."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []
        self._stay: list[int] = []

    def roll(self, seconds: float) -> None:
        """Take frames for a while."""
        end = time.monotonic() + seconds
        while (begun := time.monotonic()) < end:
            shot = Image.open(io.BytesIO(self._page.screenshot(type="jpeg", quality=92))).convert("RGB")
            self._frames.append(shot.resize(_SHOWN, Image.Resampling.LANCZOS))
            self._page.wait_for_timeout(max(0.0, 100 - (time.monotonic() - begun) * 1000))
            self._stay.append(min(_LONGEST, round((time.monotonic() - begun) * 1000)))

    def save(self, path: Path) -> None:
        """As an animated WebP that begins again."""
        stay = [*self._stay[:-1], _LAST]
        first, *others = self._frames
        first.save(
            path, save_all=True, append_images=others, duration=stay, loop=0, quality=50, method=4, minimize_size=True
        )
        print(f"{path.name}: {len(stay)} frames, {sum(stay) / 1000:.0f} s, {path.stat().st_size >> 10} KiB")


def main() -> None:
    """Furnish a gallery, and play: some files arrive, one of them damaged; then pictures are looked at."""
    with tempfile.TemporaryDirectory(prefix="gallery-film-") as folder, sync_playwright() as playwright:
        root = Path(folder)
        furnish(root / "furnished")
        shutil.copytree(root / "furnished", root / "film" / "data", symlinks=True)
        with prepared(root / "film" / "data") as gallery:
            gallery.start_all()
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
            )
            page = browser.new_page(viewport={"width": _SIZE[0], "height": _SIZE[1]}, color_scheme="dark")
            page.goto(gallery.url)
            page.wait_for_selector(".grid .tile img")
            settle(page)
            play(page, files(root / "files")).save(OUT / "film.webp")
            browser.close()


def files(folder: Path) -> list[Path]:
    """Six pictures, and the first third of one of them."""
    folder.mkdir()
    paths = []
    for seed in _GOOD:
        name, data = scene(seed)
        paths.append(folder / name)
        paths[-1].write_bytes(data)
    broken = folder / "torn.jpg"
    broken.write_bytes(paths[0].read_bytes()[:2000])
    return [*paths[:3], broken, *paths[3:]]


def play(page: Page, paths: list[Path]) -> Film:
    """The scenes."""
    film = Film(page)
    film.roll(0.8)
    drop(page, paths)
    film.roll(6)
    page.locator(".grid .tile a").nth(2).click()
    film.roll(1.5)
    page.keyboard.press("i")
    film.roll(1.5)
    page.keyboard.press("i")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        film.roll(0.9)
    page.keyboard.press("Escape")
    film.roll(1)
    return film


if __name__ == "__main__":
    main()
