"""End-to-end tests act on containers and clusters outside the checkout, so they run only when asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what was not asked for."""
    for item in items:
        if item.path.parent == HERE:
            wanted = item.path.stem.removeprefix("test_")
            if os.environ.get("GALLERY_E2E") != wanted:
                command = {"cluster": "make e2e", "compose": "make e2e-compose"}.get(wanted, "GALLERY_E2E")
                item.add_marker(pytest.mark.skip(reason=f"acts on what runs outside the checkout: {command}"))
