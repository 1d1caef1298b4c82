"""Without a collector, or without the extra `tracing`, nothing of OpenTelemetry runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

OFF = """
import os, sys
if sys.argv[2] == "absent":
    sys.modules["opentelemetry"] = None
import worker.__main__
from pipeline.settings import Settings
from pipeline.tracing import make_tracer
from web import create_app
from web.server import config
create_app(Settings.from_environment({"GALLERY_DATA": sys.argv[1] + "/data", "GALLERY_CACHE": sys.argv[1] + "/cache"}))
assert not make_tracer("worker", "").is_on
ours = ("opentelemetry.exporter", "opentelemetry.proto", "opentelemetry.sdk.trace", "google", "requests")
with open(sys.argv[1] + "/imported", "w") as file:
    print([name for name in sys.modules if name.startswith(ours)], file=file)
if sys.argv[2] == "absent":
    assert not make_tracer("worker", "http://127.0.0.1:1").is_on
sys.stdout.flush()
os._exit(0)  # web's threads go on
"""


@pytest.mark.parametrize("packages", ["installed", "absent"])
def test_without_a_collector_or_its_packages_nothing_of_opentelemetry_is_imported(
    tmp_path: Path, packages: str
) -> None:
    """But for its interfaces of metrics: redis-py imports those if they are installed."""
    command = [sys.executable, "-c", OFF, str(tmp_path), packages]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (tmp_path / "imported").read_text() == "[]\n"
    assert ("`tracing` are not installed" in done.stdout + done.stderr) == (packages == "absent")
