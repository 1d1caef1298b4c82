"""`make dev`: a change of a source is seen by who reloads the page, and Redis stays as it is."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, picture
from tests.launched import Launched, launched
from tests.product import until

PACKAGES = ("pipeline", "web", "worker", "cli", "launcher")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what runs; what npm installed is shared with the real one."""
    copy = tmp_path / "checkout"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    shutil.copy(ROOT / "Procfile", copy / "Procfile")
    (copy / "web/frontend/node_modules").symlink_to(ROOT / "web/frontend/node_modules")
    return copy


@pytest.fixture
def run(tmp_path: Path, checkout: Path) -> Iterator[Launched]:
    with launched(tmp_path) as run:
        run.start("sh", "-c", f"cd {shlex.quote(str(checkout))} && exec {sys.executable} -m launcher --reload")
        run.until_ready()
        yield run


def test_web_and_workers_start_anew_when_a_source_changes_and_redis_goes_on(run: Launched, checkout: Path) -> None:
    version, styles = checkout / "pipeline/version.py", checkout / "web/frontend/styles/base.css"
    good = version.read_text()
    version.write_text("VERSION = \n")  # saved in the middle of a thought
    until(lambda: "SyntaxError" in run.said(), 60)

    styles.write_text(styles.read_text() + "\n.changed { color: #123456; }\n")
    version.write_text(re.sub('VERSION = ".*"', 'VERSION = "9.9.9"', good))
    until(lambda: run.gallery.call("GET", "/api/status").json["version"] == "9.9.9", 120)
    until(lambda: "#123456" in stylesheets(run), 120)
    run.until_ready()
    image_id = run.gallery.upload(picture()).json["id"]
    assert run.gallery.until_ended(image_id)["state"] == "ready"
    assert run.said().count("redis started (pid=") == 1


def stylesheets(run: Launched) -> str:
    """What the page's style sheets say."""
    links = re.findall(r'href="(/assets/[^"]+\.css)"', run.gallery.call("GET", "/").body.decode())
    return "".join(run.gallery.call("GET", link).body.decode() for link in links)
