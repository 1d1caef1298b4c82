"""The tables of the documentation, read as facts that a test compares with the code."""

from __future__ import annotations

import re

Call = tuple[str, str]
"""A method and a path."""


def rows(page: str, heading: str) -> list[str]:
    """The rows of the tables whose heading line begins so, each as it is written."""
    found: list[str] = []
    inside = False
    for line in page.splitlines():
        inside = line.startswith((heading, "|")) if inside else line.startswith(heading)
        if inside and not line.startswith((heading, "|---", "|-")):
            found.append(line)
    return found


def cells(row: str) -> list[str]:
    """The cells of a row."""
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def code(cell: str) -> list[str]:
    """What is set in code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def settings(rows: list[str]) -> dict[str, str]:
    """Each setting and its default, as the README says it; none if that is a sentence about several."""
    found: dict[str, str] = {}
    for row in rows:
        names, defaults = code(cells(row)[0]), cells(row)[1].split(", ")
        for number, name in enumerate(names):
            found[name] = (defaults[number] if len(defaults) == len(names) else "").strip("`")
    return found


def calls(rows: list[str]) -> dict[Call, set[str]]:
    """Each call and the names in its query: `GET /a/<id>?b=` · `DELETE` · `POST …/c` are three."""
    found: dict[Call, set[str]] = {}
    for row in rows:
        method = path = ""
        for part in code(cells(row)[0]):
            place, _, query = part.partition("?")
            words = place.split()
            if words and words[0].isupper():
                method = words.pop(0)
            if words:
                path = _resolve(words[0], path)
            found.setdefault((method, path), set()).update(re.findall(r"(\w+)=", query))
    return found


def _resolve(place: str, before: str) -> str:
    """A path, of which the beginning may be left out: `…/c` is below the one before, `c` beside it."""
    if place.startswith("…"):
        return before + place[1:]
    return place if place.startswith("/") else f"{before.rpartition('/')[0]}/{place}"


def metrics(rows: list[str]) -> dict[str, tuple[str, ...]]:
    """Each metric and its labels: `name{label,label}`."""
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        for part in code(cells(row)[0]):
            name, _, labels = part.partition("{")
            found[name] = tuple(filter(None, labels.rstrip("}").split(",")))
    return found


def places(page: str) -> set[str]:
    """What a link to a part of a page may name: its headings, as a forge writes them."""
    outside = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ +(.+?) *$", outside, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
