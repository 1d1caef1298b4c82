"""`python -m tests.browser.screenshots`: pictures of the running product in all its states, into docs/screenshots."""

from __future__ import annotations

import io
import json
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from pipeline.ids import made_at
from pipeline.times import format_rfc3339
from pipeline.volume.layout import Layout
from tests.browser.files import choose, drop
from tests.landscapes import scene
from tests.pictures import undecodable
from tests.product import ROOT, Gallery, prepared, until

OUT = ROOT / "docs" / "screenshots"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
_NIGHTS = (0, 0, 0, 0, 0, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 24, 24, 40, 40, 40)


def main() -> None:
    """Take them all, or those whose names contain the first argument."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gallery-screenshots-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
        )
        root = Path(folder)
        furnish(root / "furnished")
        for name, size, scheme in (
            ("desktop-light", DESKTOP, "light"),
            ("desktop-dark", DESKTOP, "dark"),
            ("phone-light", PHONE, "light"),
            ("phone-dark", PHONE, "dark"),
        ):
            if wanted in name:
                shutil.copytree(root / "furnished", root / name / "data", symlinks=True)
                with prepared(root / name / "data") as gallery:
                    gallery.start_all()
                    take(browser, gallery, name, size, scheme, root / name)
        browser.close()


def furnish(data: Path) -> None:
    """A gallery with pictures of some weeks."""
    data.mkdir(parents=True)
    with prepared(data) as gallery:
        gallery.start_all()
        for seed in range(60):
            name, picture = scene(seed, small=True)
            gallery.until_ended(gallery.upload(picture, name).json["id"])
        for worker in ("worker.1", "worker.2"):
            gallery.stop(worker)  # while Redis is there to hear of it
    age(data)


def age(data: Path) -> None:
    """Move the images of a volume that nobody uses to earlier days."""
    layout = Layout(data)
    records = sorted(layout.images.glob("*/*/*/image.json"))
    for n, path in enumerate(records):
        record: dict[str, Any] = json.loads(path.read_bytes())
        old = record["id"]
        at = made_at(old) - timedelta(days=_NIGHTS[n * len(_NIGHTS) // len(records)])
        milliseconds = f"{int(at.timestamp() * 1000):012x}"
        new = f"{milliseconds[:8]}-{milliseconds[8:]}{old[13:]}"
        record["id"], record["received_at"] = new, format_rfc3339(at)
        target = layout.image(new)
        if target == path.parent:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        path.parent.rename(target)
        (target / "image.json").write_text(json.dumps(record))
        layout.claim(record["sha256"]).unlink()
        layout.claim(record["sha256"]).symlink_to(new)


def take(browser: Browser, gallery: Gallery, name: str, size: Any, scheme: Any, root: Path) -> None:
    """All states at one size in one scheme."""
    phone = size is PHONE
    context = _context(browser, size, scheme)
    context.set_default_timeout(30_000)
    page = context.new_page()

    def shot(state: str) -> None:
        settle(page)
        keep(page, f"{state}-{name}")

    page.goto(gallery.url)
    page.wait_for_selector(".grid .tile img")
    shot("grid")
    page.locator(".grid .tile a").nth(3).click()
    page.wait_for_selector(".pswp--ui-visible .viewer-caption strong")
    shot("lightbox")
    if not phone:
        page.keyboard.press("i")
        shot("details")
        page.keyboard.press("i")
    page.keyboard.press("Escape")
    page.wait_for_selector(".pswp", state="detached")
    if not phone:
        for n in (1, 2, 4, 6):
            page.locator(".grid .tile .tick").nth(n).click()
        shot("selection")
        page.keyboard.press("Escape")
    page.goto(gallery.url)
    page.wait_for_selector(".grid .tile img")
    page.mouse.move(720, 30)
    page.wait_for_timeout(2000)
    files = uploads(root / "files")
    workers = [process for name, process in gallery.processes.items() if name.startswith("worker")]
    for process in workers:
        process.send_signal(signal.SIGSTOP)
    session = context.new_cdp_session(page)
    slow = {"offline": False, "latency": 40, "downloadThroughput": -1, "uploadThroughput": 36_000}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", slow)
    (choose if phone else drop)(page, files)
    if phone:
        page.get_by_role("region", name="Uploads").get_by_role("button", name="Details").click()
    page.wait_for_selector(".uploads li.added")
    page.wait_for_timeout(5000)
    shot("upload")
    session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    page.wait_for_selector(".uploads >> text=added")
    page.wait_for_timeout(500)
    for process in workers:
        process.send_signal(signal.SIGCONT)
    page.wait_for_selector(".tile.failed")
    until(lambda: not page.locator(".tile.pending").count(), 60)
    until(lambda: "waiting" not in page.locator("#state").inner_text(), 60)
    page.get_by_role("region", name="Uploads").get_by_role("button", name="Close").click()
    page.locator(".tile.failed").scroll_into_view_if_needed()
    page.mouse.move(720, 30)
    shot("failed")
    if not phone:
        page.goto(f"{gallery.url}/status")
        page.wait_for_selector(".reasons li")
        shot("status")
        for image in gallery.call("GET", "/api/images?limit=4").json["images"]:
            gallery.call("DELETE", f"/api/images/{image['id']}")
        page.goto(f"{gallery.url}/trash")
        page.wait_for_selector(".binned img")
        shot("trash")
    context.close()
    empty(browser, name, size, scheme, root)


def _context(browser: Browser, size: Any, scheme: Any) -> BrowserContext:
    phone = size is PHONE
    return browser.new_context(
        viewport=size, color_scheme=scheme, device_scale_factor=2 if phone else 1, has_touch=phone, is_mobile=phone
    )


def empty(browser: Browser, name: str, size: Any, scheme: Any, root: Path) -> None:
    """A gallery without pictures."""
    (root / "nothing").mkdir()
    with prepared(root / "nothing") as gallery:
        gallery.start_all()
        context = _context(browser, size, scheme)
        page = context.new_page()
        page.goto(gallery.url)
        page.wait_for_selector(".empty")
        settle(page)
        keep(page, f"empty-{name}")
        context.close()


def uploads(folder: Path) -> list[Path]:
    """What is uploaded while we watch: some good, one damaged, one that is no picture."""
    folder.mkdir()
    paths = []
    for seed in range(100, 112):
        name, data = scene(seed)
        paths.append(folder / name)
        paths[-1].write_bytes(data)
    broken = folder / "damaged.png"
    broken.write_bytes(undecodable("PNG", (1500, 1000)))
    notes = folder / "notes.jpg"
    notes.write_text("Buy milk.")
    out = io.BytesIO()
    frames = [Image.open(io.BytesIO(scene(120 + n, (480, 320))[1])) for n in range(4)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=400, loop=0)
    moving = folder / "weather.gif"
    moving.write_bytes(out.getvalue())
    return [notes, paths[0], moving, paths[1], broken, *paths[2:]]


def keep(page: Page, name: str) -> None:
    """What the page shows now, as a small file."""
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(OUT / f"{name}.webp", quality=86, method=6)
    print(f"{name}.webp", flush=True)


def settle(page: Page) -> None:
    """Wait until every picture in view is drawn."""
    until(lambda: page.evaluate("[...document.images].every((img) => img.complete)"), 60)
    time.sleep(0.8)


if __name__ == "__main__":
    print(f"Taken on {datetime.now(UTC):%Y-%m-%d}")
    main()
