"""At most one launcher per data folder, and none while an earlier one's services still run."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.volume.locks import Busy, acquire

_LEFTOVER_SECONDS = 30.0


class DataInUse(Exception):
    """Another launcher uses the data folder; the message says what to do."""


def take(folder: Path, data: Path) -> int:
    """Lock the queue's `folder` in the data folder `data` until this process ends; raises `DataInUse`.

    Returns a descriptor for every service to inherit: it holds a second lock, which is free once all have ended.
    The services of a killed launcher get half a minute to end.
    """
    launcher, services = (_open(folder / f"{name}.lock") for name in ("launcher", "services"))
    try:
        acquire(launcher, wait=0)
    except Busy:
        owner = os.pread(launcher, 32, 0).decode("ascii", "replace").strip()
        raise DataInUse(
            f"Another `make run` uses {data} (process {owner}). Stop it, or set GALLERY_DATA to another folder."
        ) from None
    os.ftruncate(launcher, 0)
    os.pwrite(launcher, f"{os.getpid()}\n".encode(), 0)
    try:
        try:
            acquire(services, wait=0)
        except Busy:
            print("Waiting for the services of the last run to end.", flush=True)
            acquire(services, wait=_LEFTOVER_SECONDS)
    except Busy:
        raise DataInUse(f"Services of an earlier `make run` on {data} still run. Stop them, and try again.") from None
    return services


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
