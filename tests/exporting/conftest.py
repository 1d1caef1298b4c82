"""A gallery of six pictures, a network to it, and the command that exports it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import command
from tests.conftest import Gallery, picture
from tests.exporting.verdicts import Export
from tests.network import Network
from tests.product import web_alone


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A web process with six pictures, each of 400 kB and more."""
    with web_alone(tmp_path_factory.mktemp("volume") / "data") as gallery:
        for number in range(6):
            assert gallery.upload(picture() + os.urandom(400_000), f"{number}.png").status == 201
        yield gallery


@pytest.fixture
def ids(shared: Gallery) -> dict[str, str]:
    """The images' ids by their names."""
    return {image["name"]: image["id"] for image in shared.call("GET", "/api/images").json["images"]}


@pytest.fixture
def fetch(shared: Gallery, way: Network, tmp_path: Path) -> Export:
    """Run the export to `tmp_path/out` over the network."""

    def run(*arguments: str, folder: Path = tmp_path / "out", **options: Any) -> subprocess.CompletedProcess[str]:
        return command(shared, "export", str(folder), "--url", way.url, "--patience", "20", *arguments, **options)

    return run
