"""How Sphinx makes the documents into a site (`make docs`), and the groups of its navigation.

The Markdown files are built in place and stay plain: the navigation is added while Sphinx reads them.
"""

from __future__ import annotations

from typing import Any

project = html_title = "Image Gallery"
root_doc = "README"
include_patterns = ["*.md", "docs/**.md"]
exclude_patterns = [".*", "**/node_modules"]

extensions = ["myst_parser"]
myst_heading_anchors = 6

html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_favicon = "../web/static/icon.svg"
html_copy_source = False
html_show_copyright = False
html_use_index = False

# page that gets the navigation: {title of a group: its pages}
_GROUPS = {
    "README": {
        "Use": ["docs/command-line", "docs/formats"],
        "Run": ["docs/operations", "docs/kubernetes", "docs/security", "docs/release", "SECURITY"],
        "Understand": ["docs/architecture", "docs/reliability", "docs/benchmarks", "docs/decisions/README"],
        "Change": ["CONTRIBUTING", "docs/upgrading", "CHANGELOG"],
    },
    "docs/decisions/README": {"Decisions": ["docs/decisions/0*"]},
}


def _add_navigation(_app: object, page: str, source: list[str]) -> None:
    for title, pages in _GROUPS.get(page, {}).items():
        names = "".join(f"/{name}\n" for name in pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {title}\n\n{names}```\n"


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _add_navigation)
