"""What a command prints: one line per file or image, which no name can break or forge, and the sum."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import click

from pipeline.names import is_visible


def printable(text: str) -> str:
    """`text` with invisible characters and invalid bytes escaped, and backslashes doubled."""
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if is_visible(character) and character != "\\":
        return character
    return character.encode("unicode_escape").decode("ascii")


def path_fields(path: str) -> dict[str, str]:
    """A path for JSON: `path`, and its bytes as `path_hex` if they are not UTF-8."""
    raw = os.fsencode(path)
    text = raw.decode("utf-8", "replace")
    return {"path": text} if text.encode() == raw else {"path": text, "path_hex": raw.hex()}


@dataclass(slots=True)
class Report:
    """Prints verdicts, as text or one JSON object per line, and counts them. In text, `quiet` ones are only counted.

    `err` prints to standard error, for a command whose output is something else.
    """

    as_json: bool
    bad: frozenset[str]
    quiet: frozenset[str] = frozenset()
    err: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: str, what: str, fields: Mapping[str, object], message: str | None = None) -> None:
        """Print the verdict on `what`; `fields` are those of the JSON object."""
        self.counts[verdict] += 1
        if self.as_json:
            click.echo(json.dumps(fields), err=self.err)
        elif verdict not in self.quiet:
            click.echo(f"{verdict:13} {printable(what)}{f': {printable(message)}' if message else ''}", err=self.err)

    def add_image(self, verdict: str, image_id: str, message: str | None = None) -> None:
        """Print the verdict on an image."""
        fields = {"id": image_id, "verdict": verdict, **({"message": message} if message else {})}
        self.add(verdict, image_id, fields, message)

    def close(self, nothing: str) -> None:
        """Print the sum."""
        if self.as_json:
            click.echo(json.dumps({"sum": self.counts}), err=self.err)
        else:
            click.echo(
                ", ".join(f"{number} {name}" for name, number in sorted(self.counts.items())) or nothing, err=self.err
            )

    @property
    def needs_attention(self) -> bool:
        """Whether anything is left to look into."""
        return bool(self.bad & self.counts.keys())
