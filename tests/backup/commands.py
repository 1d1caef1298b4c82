"""The commands on a store, and what a volume then holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from cli.doctor import examine
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.cleanup import cleanup
from tests.product import ROOT
from tests.stores import make


def command(store: Store, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    environ = {**os.environ, "GALLERY_DATA": str(store.layout.root)}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words], cwd=ROOT, env=environ, capture_output=True, check=False, **options
    )


def opened(root: Path) -> Store:
    store = Store(Settings.from_environment({"GALLERY_DATA": str(root)}))
    store.prepare()
    return store


def counts(done: subprocess.CompletedProcess[bytes]) -> Counter[str]:
    lines = (done.stdout or done.stderr).splitlines()
    assert lines, done.stderr
    return Counter(json.loads(lines[-1])["sum"])


def contents(store: Store) -> dict[str, bytes]:
    """The bytes of all images, those in the trash too, by place."""
    root = store.layout.root
    return {
        str(path.relative_to(root)): path.read_bytes()
        for place in ("images", "trash")
        for path in (root / place).rglob("*")
        if path.is_file()
    }


def finish(store: Store) -> None:
    """What the sweep and the workers do; then every rule holds."""
    cleanup(store.volume)
    for image_id in store.pending():
        make(store, image_id)
    assert examine(store) == []
