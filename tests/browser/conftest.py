"""The gallery in headless Chromium: windows that record every complaint, and what they need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import CHROMIUM
from tests.product import Gallery, prepared

expect.set_options(timeout=60_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs Chromium, or Firefox, which only CI must have."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason="chromium is not installed"))


@dataclass
class Windows:
    """Opens pages on a gallery, each in a context of its own, and keeps what they complain about."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    #: texts of complaints that belong to the accident a test makes
    expected: tuple[str, ...] = ()

    def context(self, **options: Any) -> BrowserContext:
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(60_000)
        # of all its pages, whoever opens them, from before their first script on
        context.on("console", lambda message: self.note(message.text))
        context.on("weberror", lambda error: self.note(str(error.error)))
        self.contexts.append(context)
        return context

    def page(self, context: BrowserContext | None = None, **options: Any) -> Page:
        return (context or self.context(**options)).new_page()

    def open(self, gallery: Gallery, path: str = "/", *, clock: bool = False, **options: Any) -> Page:
        """A page of the gallery that has come alive; with `clock` its time can be moved on."""
        page = self.page(**options)
        if clock:
            page.clock.install()
        page.goto(gallery.url + path)
        page.wait_for_selector("html.alive")
        return page

    def note(self, text: str) -> None:
        # machines change their networks while tests of containers run beside; the page takes it as any cut
        if not any(part in text for part in (*self.expected, "ERR_NETWORK_CHANGED")):
            self.complaints.append(text)


@pytest.fixture
def windows(browser: Browser) -> Iterator[Windows]:
    """Pages of one test; it fails where any of them complained."""
    windows = Windows(browser)
    yield windows
    for context in windows.contexts:
        context.close()
    assert windows.complaints == []


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A running gallery for all tests of a file."""
    data = tmp_path_factory.mktemp("browser")
    with prepared(data) as gallery:
        gallery.start_all()
        yield gallery
