"""Markdown as forges read it: CommonMark, tables, and a name for every heading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


class Heading(NamedTuple):
    """A heading: 1 for the page's own, the name by which links reach it, and its text."""

    level: int
    name: str
    text: str


class Link(NamedTuple):
    """A link or the address of a picture: which attribute of which token, and the line of its block."""

    token: Token
    attribute: str
    line: int

    @property
    def target(self) -> str:
        return str(self.token.attrs[self.attribute])


@dataclass(slots=True)
class Page:
    """A document that was read; its links can be changed before it is written as HTML."""

    path: str
    tokens: list[Token]
    headings: list[Heading] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.headings[0].text

    @property
    def links(self) -> Iterator[Link]:
        """Every link and picture."""
        for block in self.tokens:
            for token in block.children or ():
                attribute = {"link_open": "href", "image": "src"}.get(token.type)
                if attribute:
                    yield Link(token, attribute, (block.map or [0])[0] + 1)

    @property
    def unchecked(self) -> Iterator[int]:
        """The lines of blocks that have a link in HTML of their own."""
        for block in self.tokens:
            for token in (block, *(block.children or ())):
                if token.type in ("html_block", "html_inline") and re.search(r"\b(href|src\w*)\s*=", token.content):
                    yield (block.map or [0])[0] + 1

    @property
    def sections(self) -> Iterator[tuple[Heading, str]]:
        """Each heading and the text below it."""
        found, text = iter(self.headings), list[str]()
        heading = None
        for number, token in enumerate(self.tokens):
            if token.type == "heading_open":
                if heading:
                    yield heading, " ".join(text)
                heading, text = next(found), []
            elif self.tokens[number - 1].type != "heading_open":
                text += _words([token])
        if heading:
            yield heading, " ".join(text)

    def html(self) -> str:
        """The body of the page. A table may be wider than the page, and scrolls by itself."""
        text = str(_PARSER.renderer.render(self.tokens, _PARSER.options, {}))
        return text.replace("<table>", '<div class="table" tabindex="0"><table>').replace("</table>", "</table></div>")


def read(path: str, text: str) -> Page:
    """Read a document; its first heading is its title."""
    page = Page(path, _PARSER.parse(text))
    taken: Counter[str] = Counter()
    for number, token in enumerate(page.tokens):
        if token.type == "heading_open":
            words = "".join(_words([page.tokens[number + 1]]))
            name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            taken[name] += 1
            if taken[name] > 1:
                name = f"{name}-{taken[name] - 1}"
            token.attrSet("id", name)
            page.headings.append(Heading(int(token.tag[1]), name, words))
    return page


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    """What tokens say, without markup."""
    for token in tokens:
        if token.children:
            yield from _words(token.children)
        elif token.type in ("text", "code_inline", "fence", "code_block"):
            yield token.content
        elif token.type == "softbreak":
            yield " "
