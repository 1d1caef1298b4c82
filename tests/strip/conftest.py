"""Files with all that tells of people."""

from __future__ import annotations

import pytest

from tests import planted
from tests.strip.files import SEEDS


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of every format with all that exiftool can write into them."""
    if planted.EXIFTOOL is None:
        pytest.skip("exiftool is not installed")
    folder, found = tmp_path_factory.mktemp("planted"), {}
    for name, data in SEEDS.items():
        path = folder / name
        path.write_bytes(data)
        planted.plant(path)
        found[name] = path.read_bytes()
    return found
