"""One version, in one place: the package, the command, the API and the images have the same."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.version import VERSION
from web import create_app

ROOT = Path(__file__).resolve().parent.parent


def test_package_command_and_api_have_one_version(store: Store) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "cli", "--version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout == f"gallery, version {VERSION}\n"
    root = store.layout.root
    settings = {
        "GALLERY_DATA": str(root),
        "GALLERY_CACHE": str(root.with_name("cache")),
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    answer = create_app(Settings.from_environment(settings)).test_client().get("/api/status").json
    assert answer is not None
    assert answer["version"] == version("image-gallery") == VERSION


def test_images_are_built_with_that_version() -> None:
    plan = subprocess.run(
        ["make", "--dry-run", "images", "TAG=somewhere"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r"VERSION=(\S+)", plan) == [VERSION] * plan.count("VERSION=") != []
