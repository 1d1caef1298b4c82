"""Fixtures: the running product, on a volume of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

# Before any of them is imported: the helpers of tests assert too, and a failure of theirs is explained as a test's is.
pytest.register_assert_rewrite(*(f"tests.{each.stem}" for each in Path(__file__).parent.iterdir()))

from pipeline.settings import Settings
from pipeline.store import Store
from tests.network import Network, network
from tests.pictures import picture
from tests.product import ROOT, Answer, Gallery, answers, free_port, prepared, until

CHROMIUM = shutil.which("chromium")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

__all__ = ["CHROMIUM", "ROOT", "Answer", "Gallery", "answers", "free_port", "picture", "until"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, one for all tests of a process: Playwright can't be started twice in one."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()


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


@pytest.fixture
def without_trash(tmp_path: Path) -> Store:
    """An empty volume without processes, from which deleting removes at once."""
    store = Store(Settings.from_environment({"GALLERY_DATA": str(tmp_path / "data"), "GALLERY_TRASH_DAYS": "0"}))
    store.prepare()
    return store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty volume, without processes."""
    store = Store(Settings.from_environment({"GALLERY_DATA": str(tmp_path / "data")}))
    store.prepare()
    return store


@pytest.fixture
def way(shared: Gallery) -> Iterator[Network]:
    """A network to the gallery that the tests of a folder share."""
    with network(shared.port) as way:
        yield way
