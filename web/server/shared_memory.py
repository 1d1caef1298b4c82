"""What a web service keeps in memory for its processes: gunicorn's heartbeats, and counters that they share."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - no disk is involved, and a reboot clears it
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "gallery-metrics-"


def share_metrics(environ: dict[str, str]) -> None:
    """Give the processes of one web service a folder in memory for their shared counters."""
    if METRICS_FOLDER not in environ:
        _remove_abandoned()
        environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=SHARED_MEMORY)


def _remove_abandoned() -> None:
    """Remove the folders of killed services; the name of a folder contains its process id."""
    for folder in Path(SHARED_MEMORY).glob(f"{_PREFIX}*-*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if process.isdigit() and not Path("/proc", process).exists():
            shutil.rmtree(folder, ignore_errors=True)
