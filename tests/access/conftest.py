"""Web alone, with the settings that a test gives it."""

from __future__ import annotations

import pytest

from tests.access.calls import Serve
from tests.conftest import Gallery, until


@pytest.fixture
def serve(bare: Gallery) -> Serve:
    """Starts web alone with the given settings: access needs neither Redis nor workers."""

    def start(**environ: str) -> Gallery:
        bare.start("web", "web", **environ)
        until(lambda: bare.call("GET", "/healthz").status == 200, 60)
        return bare

    return start
