"""The command `gallery` as scripts run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

from tests.product import ROOT, Gallery


def environment(gallery: Gallery, **more: str) -> dict[str, str]:
    """The user's environment: settings of the gallery, and a home of their own."""
    home = str(gallery.data.parent)
    environ = {**gallery.environ, "HOME": home, "XDG_CONFIG_HOME": home, **more}
    environ.pop("GALLERY_DATA")
    return environ


def command(
    gallery: Gallery,
    *arguments: str,
    before: tuple[str, ...] = (),
    environ: dict[str, str] | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run `gallery` to its end, behind the command `before`."""
    full = [*before, sys.executable, "-m", "cli", *arguments]
    options = {"capture_output": True, "text": True, "timeout": 120, **options}
    return subprocess.run(full, cwd=ROOT, env=environment(gallery, **(environ or {})), **options)


def lines(done: subprocess.CompletedProcess[str]) -> list[Any]:
    """What a command printed with `--json`."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def verdicts(done: subprocess.CompletedProcess[str], key: str = "path") -> dict[str, Any]:
    """The verdicts that a command printed with `--json`, by path; each has exactly one, and the sum is theirs."""
    *found, total = lines(done)
    by_key = {verdict[key]: verdict for verdict in found}
    assert len(by_key) == len(found), done.stdout
    assert total["sum"] == Counter(verdict["verdict"] for verdict in found)
    return by_key
