"""The volume of these tests."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench.make_volume import make
from pipeline.store import Store
from tests.day_files import REST, store_of


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Sixty images over six days, which have rested. An index reads no record twice, which would mend it."""
    monkeypatch.setattr("web.index.folders._RECHECK_SECONDS", -1)
    make(tmp_path / "data", images=60, days=6, burst=4)
    time.sleep(2 * REST)
    return store_of(tmp_path / "data")
