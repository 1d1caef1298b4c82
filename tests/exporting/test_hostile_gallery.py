"""A gallery that means harm."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.commands import command
from tests.conftest import Gallery
from tests.exporting.verdicts import leftovers

GOOD = "0197a3c0-0000-7000-8000-0123456789ab"

RECORD = {
    "id": GOOD, "name": "a.png", "state": "ready", "bytes": 10, "sha256": "0" * 64,
    "received_at": "2026-01-02T03:04:05Z",
}  # fmt: skip


@pytest.fixture
def hostile(bare: Gallery) -> Iterator[Callable[[Any], Gallery]]:
    """A server in the gallery's place that lists a record as it is told, and whose originals never end."""
    page: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            if self.path.startswith("/api/images"):
                self.wfile.write(json.dumps(page[0]).encode())
            elif self.path.endswith("/original"):
                while True:
                    self.wfile.write(bytes(100_000))

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", bare.port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def told(answer: Any) -> Gallery:
            page[:] = [answer]
            return bare

        yield told
        server.shutdown()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../../etc/passwd"},
        {"id": f"{GOOD}\n"},
        {"received_at": "../../etc"},
        {"received_at": "\u0662\u0660\u0662\u0666-01-02T"},
        {"sha256": "x"},
        {"bytes": "many"},
        {"name": 7},
    ],
)
def test_a_record_that_no_gallery_makes_ends_the_export(
    hostile: Callable[[Any], Gallery], tmp_path: Path, change: dict[str, Any]
) -> None:
    gallery = hostile({"images": [RECORD | change], "next": None})
    done = command(gallery, "export", str(tmp_path / "out"))
    assert (done.returncode, "answers, but not as this gallery does." in done.stderr) == (2, True)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_original_without_end_fills_no_disk_and_a_name_forges_no_line(
    hostile: Callable[[Any], Gallery], tmp_path: Path
) -> None:
    gallery = hostile({"images": [RECORD | {"name": "a\nfetched       all is well\x1b[2J"}], "next": None})
    done = command(gallery, "export", str(tmp_path / "out"), timeout=60)
    assert done.returncode == 1
    line, total = done.stdout.splitlines()
    assert line.startswith(f"damaged       {GOOD} a\\nfetched       all is well\\x1b[2J: ")
    assert total == "1 damaged"
    assert leftovers(tmp_path / "out") == []


def test_a_listing_without_end_is_left(hostile: Callable[[Any], Gallery], tmp_path: Path) -> None:
    gallery = hostile({"images": [], "next": GOOD})
    done = command(gallery, "export", str(tmp_path / "out"), timeout=60)
    assert (done.returncode, "answers, but not as this gallery does." in done.stderr) == (2, True)
