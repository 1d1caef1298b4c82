"""Reading and cutting the changelog, and the version that goes with it."""

from __future__ import annotations

import re
from pathlib import Path

FINAL = re.compile(r"\d+\.\d+\.\d+")
_VERSION = re.compile(r'^VERSION = "(.*)"$', re.MULTILINE)
_UNRELEASED = "## Unreleased\n"


class ReleaseError(Exception):
    """The tree is not what a release needs; the message says what to do."""


def version(root: Path) -> str:
    """The version of the product."""
    (found,) = _VERSION.findall((root / "pipeline" / "version.py").read_text())
    return str(found)


def notes(root: Path, wanted: str) -> str:
    """What the changelog says of one version, without its heading."""
    sections = re.split(r"^## (.+)\n", (root / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]
    for heading, text in zip(sections[::2], sections[1::2], strict=True):
        if heading.split()[0] == wanted and text.strip():
            return str(text.strip()) + "\n"
    raise ReleaseError(f"CHANGELOG.md says nothing about {wanted}: run `python3 -m release version {wanted}` first")


def check(root: Path, tag: str) -> str:
    """The version of a tag, if version, changelog and tag agree."""
    now = version(root)
    if not FINAL.fullmatch(now):
        raise ReleaseError(f"the version is {now}, which is in development")
    if tag != f"v{now}":
        raise ReleaseError(f"the tag is {tag}, and the version is {now}: tag v{now}")
    notes(root, now)
    return now


def set_version(root: Path, wanted: str, day: str) -> None:
    """Set the version. A final one closes the section of what is unreleased; one in development opens a new section."""
    module, changelog = root / "pipeline" / "version.py", root / "CHANGELOG.md"
    text = changelog.read_text()
    if FINAL.fullmatch(wanted):
        if _UNRELEASED not in text:
            raise ReleaseError("CHANGELOG.md has no section `## Unreleased`: there is nothing to release")
        changelog.write_text(text.replace(_UNRELEASED, f"## {wanted} ({day})\n", 1))
    elif not re.fullmatch(FINAL.pattern + r"\.dev\d+", wanted):
        raise ReleaseError(f"{wanted} is no version: write 0.2.0, or 0.3.0.dev0 for one in development")
    elif _UNRELEASED not in text:
        changelog.write_text(text.replace("\n## ", f"\n{_UNRELEASED}\n## ", 1))
    module.write_text(_VERSION.sub(f'VERSION = "{wanted}"', module.read_text()))
