"""The documents of the checkout, read as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.product import ROOT

PAGES = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(page: str) -> Iterator[Token]:
    """Every block of a page, each followed by what is in it."""
    for block in _PARSER.parse((ROOT / page).read_text()):
        yield block
        yield from block.children or ()


def links(page: str) -> list[str]:
    """The targets of a page's links."""
    return [str(token.attrs["href"]) for token in tokens(page) if token.type == "link_open"]


def pictures(page: str) -> list[str]:
    """The URLs of a page's images."""
    return [str(token.attrs["src"]) for token in tokens(page) if token.type == "image"]


def html_with_links(page: str) -> list[str]:
    """Raw HTML in a page that links to or loads something, which `links` and `pictures` do not cover."""
    found = (token.content for token in tokens(page) if token.type in ("html_block", "html_inline"))
    return [html for html in found if re.search(r"\b(href|src\w*)\s*=", html)]
