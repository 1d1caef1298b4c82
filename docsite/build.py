"""Making the site: reads the documents, checks them, writes the files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from docsite.contents import Group, address, documents, groups
from docsite.links import relative, resolve, unlisted
from docsite.markdown import Page, read

_HERE = Path(__file__).parent
_ICON = "web/static/icon.svg"


class Broken(Exception):
    """The documents have links that lead nowhere; every one is a line."""


def build(root: Path, site: Path) -> int:
    """Write the site of a checkout into the folder `site`, which is made anew; returns how many pages it has. Raises
    `Broken`, and writes nothing then."""
    contents, there = groups(root), documents(root)
    listed = [name for group in contents for name in group.pages]
    wrong = unlisted(iter(listed), there)
    pages = {name: read(name, (root / name).read_text()) for name in listed if name in there}
    files, broken = resolve(pages, root)
    if wrong := wrong + broken:
        raise Broken("\n".join(wrong))
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    for file in (*files, _ICON):
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, site / file)
    for name in ("site.css", "search.js"):
        shutil.copyfile(_HERE / name, site / name)
    (site / "sections.js").write_text(f"window.sections = {json.dumps(_sections(pages.values()), ensure_ascii=False)};")
    _write(pages, contents, site)
    return len(pages)


def _sections(pages: Iterable[Page]) -> list[list[str]]:
    """What can be searched: address, page, heading and text of every section."""
    return [
        [f"{address(page.path)}#{heading.name}", page.title, heading.text, text]
        for page in pages
        for heading, text in page.sections
    ]


def _write(pages: dict[str, Page], contents: tuple[Group, ...], site: Path) -> None:
    environment = Environment(
        loader=FileSystemLoader(_HERE), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("page.html")
    names = list(pages)
    for number, page in enumerate(pages.values()):
        target = site / address(page.path)
        target.parent.mkdir(parents=True, exist_ok=True)

        def to(file: str, here: str = page.path) -> str:
            return relative(file, here)

        text = template.render(
            page=page,
            pages=pages,
            groups=contents,
            before=pages[names[number - 1]] if number else None,
            after=pages[names[number + 1]] if number + 1 < len(names) else None,
            to=to,
            to_page=lambda name, to=to: to(address(name)),
            icon=_ICON,
        )
        target.write_text(text)
