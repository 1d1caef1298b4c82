"""Links between documents, turned into links between pages; one that leads nowhere is named."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from docsite.contents import address
from docsite.markdown import Page

_ELSEWHERE = re.compile(r"(?:https?|mailto):")


def resolve(pages: Mapping[str, Page], root: Path) -> tuple[set[str], list[str]]:
    """Make every link one of the site's; returns the files that pages link to or show, and what is wrong."""
    files: set[str] = set()
    wrong: list[str] = []
    for page in pages.values():
        if not page.headings:
            wrong.append(f"{page.path}: it has no title")
        wrong += [f"{page.path}:{line}: a link in HTML of its own, which is not checked" for line in page.unchecked]
        for link in page.links:
            if _ELSEWHERE.match(link.target):
                if link.attribute == "src":
                    wrong.append(f"{page.path}:{link.line}: {link.target} is on another host")
                continue
            place, _, name = link.target.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(page.path), place)) if place else page.path
            if target in pages:
                if name and name not in {heading.name for heading in pages[target].headings}:
                    wrong.append(f"{page.path}:{link.line}: {target} has no heading #{name}")
                found = address(target)
            elif not name and not target.startswith("..") and (root / target).is_file():
                files.add(found := target)
            else:
                wrong.append(f"{page.path}:{link.line}: {link.target} leads nowhere")
                continue
            there = relative(found, page.path) if place else ""
            link.token.attrSet(link.attribute, f"{there}#{name}" if name else there)
    return files, wrong


def relative(target: str, page: str) -> str:
    """The way from a page to a file of the site."""
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def unlisted(listed: Iterator[str], documents: set[str]) -> list[str]:
    """What is wrong with the navigation."""
    names = set(listed)
    return [
        *(f"{name}: not in docsite/contents.py" for name in sorted(documents - names)),
        *(f"docsite/contents.py: there is no {name}" for name in sorted(names - documents)),
    ]
