"""Which pages the site has, and in which order."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Group(NamedTuple):
    """Pages that stand together in the navigation: paths in the checkout."""

    title: str
    pages: tuple[str, ...]


_GROUPS = (
    Group("Begin", ("README.md",)),
    Group("Use", ("docs/command-line.md", "docs/formats.md")),
    Group("Run", ("docs/operations.md", "docs/kubernetes.md", "docs/security.md", "docs/release.md", "SECURITY.md")),
    Group("Understand", ("docs/architecture.md", "docs/reliability.md", "docs/benchmarks.md")),
    Group("Change", ("CONTRIBUTING.md", "docs/upgrading.md", "CHANGELOG.md")),
)


def groups(root: Path) -> tuple[Group, ...]:
    """The navigation of a checkout. The decisions are a group of their own, by their numbers."""
    decisions = sorted((root / "docs/decisions").glob("[0-9]*.md"))
    pages = ("docs/decisions/README.md", *(str(path.relative_to(root)) for path in decisions))
    return (*_GROUPS, Group("Decisions", pages))


def documents(root: Path) -> set[str]:
    """Every document of a checkout."""
    return {str(path.relative_to(root)) for path in (*root.glob("*.md"), *(root / "docs").rglob("*.md"))}


def address(page: str) -> str:
    """Where the site has a page: `docs/a.md` is at `docs/a.html`, a README at its folder's `index.html`."""
    path = Path(page)
    return str(path.with_name("index.html") if path.name == "README.md" else path.with_suffix(".html"))
