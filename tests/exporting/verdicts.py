"""What an export left: verdicts, files, and none half-written."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.commands import verdicts
from tests.conftest import Gallery

Export = Callable[..., subprocess.CompletedProcess[str]]


def said(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The verdicts in the order of the images' names."""
    return [verdict["verdict"] for _, verdict in sorted(verdicts(done).items(), key=lambda item: item[1]["path"][11:])]


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.is_file()]


def whole(gallery: Gallery, folder: Path) -> bool:
    """Whether every original is in `folder` as it was uploaded, with every record."""
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    hashes = {sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/*.png")}
    assert leftovers(folder) == []
    return {record["sha256"] for record in records} == hashes and len(records) == 6


def by_name(done: subprocess.CompletedProcess[str], ids: dict[str, str]) -> dict[str, Any]:
    found = verdicts(done, "id")
    return {name: found[image_id] for name, image_id in ids.items()}
