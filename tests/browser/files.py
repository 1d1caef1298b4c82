"""Files to upload, on disk and in the clipboard."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from playwright.sync_api import Page

from tests.pictures import picture

_FILES = """([files]) => {
  const transfer = new DataTransfer();
  for (const [name, type, data] of files)
    transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
  return transfer;
}"""


def pictures(folder: Path, count: int, kind: str = "PNG") -> list[Path]:
    """So many different small pictures."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{secrets.token_hex(3)}-{n}.{kind.lower()}" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(picture(kind, (320 + 40 * (n % 5), 240)))
    return paths


def choose(page: Page, paths: list[Path]) -> None:
    """Press the button and choose files."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add pictures", exact=True).click()
    chooser.value.set_files(paths)


def throttle(page: Page, bytes_a_second: int) -> None:
    """Let uploads of the page go no faster; -1 for no limit."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    rates = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    session.send("Network.emulateNetworkConditions", rates)


def drop(page: Page, paths: list[Path]) -> None:
    """Drag files or folders from outside onto the page, and let go, as the browser itself would see it."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 300, "data": data})
        page.wait_for_timeout(50)
    session.detach()


def paste(page: Page, name: str, data: bytes) -> None:
    """Paste a picture as it comes from a screenshot tool."""
    transfer = page.evaluate_handle(_FILES, [[[name, "image/png", base64.b64encode(data).decode()]]])
    page.evaluate(
        "(clipboardData) => dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))", transfer
    )
