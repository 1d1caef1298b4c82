"""Fixtures: the running product, on a volume of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pictures import picture
from tests.product import ROOT, Answer, Gallery, answers, free_port, prepared, until

__all__ = ["ROOT", "Answer", "Gallery", "answers", "free_port", "picture", "until"]


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Gallery]:
    """A volume and settings; nothing runs yet."""
    (tmp_path / "data").mkdir()
    with prepared(tmp_path / "data") as gallery:
        yield gallery


@pytest.fixture
def gallery(bare: Gallery) -> Gallery:
    """Everything runs: one Redis-compatible server, one web process, two workers."""
    bare.start_all()
    return bare
