"""A gallery, a network to it, a folder, and the command that imports it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import command
from tests.conftest import Gallery
from tests.importing.verdicts import Import
from tests.network import Network
from tests.product import web_alone


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """One web process for all tests here: what is sent is never the same twice."""
    with web_alone(tmp_path_factory.mktemp("volume") / "data") as gallery:
        yield gallery


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


@pytest.fixture
def send(shared: Gallery, way: Network, folder: Path, tmp_path: Path) -> Import:
    """Run the import of `folder` over the network, with a log of its own."""

    def run(*arguments: str, environ: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        mine = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), **(environ or {})}
        where = () if "--url" in arguments else ("--url", way.url)
        return command(shared, "import", str(folder), *where, "--patience", "20", *arguments, environ=mine, **options)

    return run
