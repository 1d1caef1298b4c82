"""The documents as a site: what is built leads everywhere it says, and asks no other host for anything."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docsite.build import Broken, build
from docsite.contents import address, documents
from tests.product import ROOT

FETCHED = {"img", "script", "link", "source", "iframe", "video"}


class Read(HTMLParser):
    """The names in a page, where its links lead, and what a browser loads by itself."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.names.append(value or "")
            elif name in ("href", "src", "srcset", "poster"):
                (self.loaded if tag in FETCHED else self.links).append(value or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    build(ROOT, folder)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Documents that can be broken."""
    for name in (*documents(ROOT), "web/static/icon.svg"):
        path = tmp_path / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(re.sub(r"\]\([^)]*\.(webp|svg|png|py)\)", "]", (ROOT / name).read_text()))
    return tmp_path / "checkout"


def test_every_document_is_a_page_and_every_page_is_in_the_navigation_of_each(site: Path) -> None:
    pages = {site / address(name) for name in documents(ROOT)}
    assert set(site.rglob("*.html")) == pages
    for page in pages:
        linked = {(page.parent / link.partition("#")[0]).resolve() for link in Read(page).links}
        assert pages - {page.resolve()} <= linked


def test_every_link_leads_to_a_file_of_the_site_and_a_name_in_it(site: Path) -> None:
    pages = {path.resolve(): Read(path) for path in site.rglob("*.html")}
    count = 0
    for path, page in pages.items():
        assert len(page.names) == len(set(page.names)), path
        for link in (*page.links, *page.loaded):
            if re.match(r"(https?|mailto):", link) and link not in page.loaded:
                continue
            place, _, name = link.partition("#")
            target = (path.parent / place).resolve() if place else path
            assert target.is_relative_to(site), (path, link)
            assert target.is_file(), (path, link)
            assert not name or name in pages[target].names, (path, link)
            count += 1
    assert count > 1000


def test_what_a_browser_loads_is_in_the_site(site: Path) -> None:
    loaded = {link for path in site.rglob("*.html") for link in Read(path).loaded}
    assert loaded
    assert not [link for link in loaded if re.match(r"(\w+:)?//|\w+:", link)]
    assert "url(" not in (site / "site.css").read_text()
    assert "@import" not in (site / "site.css").read_text()
    assert "//" not in (site / "search.js").read_text().partition("\n")[2]


def test_every_section_can_be_searched(site: Path) -> None:
    text = (site / "sections.js").read_text()
    sections = json.loads(text.removeprefix("window.sections = ").removesuffix(";"))
    names = {f"{path.relative_to(site)}#{name}" for path in site.rglob("*.html") for name in Read(path).names}
    found = {place: said for place, _, _, said in sections}
    assert found.keys() == {name for name in names if not name.endswith(("#page", "#pages", "#found"))}
    assert "one rename" in found["index.html#image-gallery"]
    assert "OTEL_TRACES_SAMPLER" in found["docs/operations.html#follow-one-picture"]


BROKEN = {
    "[a](nowhere.md)": "nowhere.md leads nowhere",
    "[a](../README.md#no-such-heading)": "README.md has no heading #no-such-heading",
    "[a](#no-such-heading)": "docs/formats.md has no heading #no-such-heading",
    "[a][b]\n\n[b]: defined.md": "defined.md leads nowhere",
    "| a |\n|---|\n| ![b](nowhere.png) |": "nowhere.png leads nowhere",
    "[a](../../outside.txt)": "../../outside.txt leads nowhere",
    "[a](decisions)": "decisions leads nowhere",
    "![a](https://example.org/a.png)": "https://example.org/a.png is on another host",
    "<img src='a.png'>": "a link in HTML of its own, which is not checked",
}


def test_all_that_is_broken_in_documents_is_named_and_no_site_is_built(checkout: Path, tmp_path: Path) -> None:
    assert build(checkout, tmp_path / "site") == len(documents(ROOT))
    page = checkout / "docs/formats.md"
    lines = len(page.read_text().splitlines())
    with page.open("a") as file:
        file.write("".join(f"\n{text}\n" for text in BROKEN))
    (checkout / "docs/new.md").write_text("# New\n")
    (checkout / "docs/upgrading.md").unlink()
    (checkout / "SECURITY.md").write_text("no heading\n")
    (checkout / "outside.txt").write_text("")
    with pytest.raises(Broken) as error:
        build(checkout, tmp_path / "none")
    assert not (tmp_path / "none").exists()
    said = str(error.value).splitlines()
    found = [line for line in said if (place := re.match(r"docs/formats\.md:(\d+): ", line)) and int(place[1]) > lines]
    assert sorted(line.partition(": ")[2] for line in found) == sorted(BROKEN.values())
    for line in (
        "docs/new.md: not in docsite/contents.py",
        "docsite/contents.py: there is no docs/upgrading.md",
        "SECURITY.md: it has no title",
    ):
        assert line in said
