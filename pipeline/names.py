"""The names people gave their files: kept for people to read, never used as a path."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 255
_PATH = re.compile(r".*[/\\]", re.DOTALL)
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def clean_name(name: str, extension: str) -> str:
    """The last part of `name` without control and direction characters, at most 255 characters long.

    A name of which nothing remains becomes `unnamed.<extension>`.
    """
    text = unicodedata.normalize("NFC", _PATH.sub("", name))
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") and c not in _BIDI)
    text = " ".join(text.split()).strip(". ")
    if not text:
        return f"unnamed.{extension}"
    if len(text) <= MAX_CHARACTERS:
        return text
    stem, dot, suffix = text.rpartition(".")
    if dot and len(suffix) <= 8:
        return f"{stem[: MAX_CHARACTERS - len(suffix) - 1]}.{suffix}"
    return text[:MAX_CHARACTERS]
