"""The names people gave their files: kept for people to read, never used as a path."""

from __future__ import annotations

import unicodedata

MAX_CHARACTERS = 255
_READ = 4 * MAX_CHARACTERS  # normalising takes the square of a run of combining marks: it only ever sees so much
_LONGEST_SUFFIX = 8
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Format characters that are visible, or that join visible ones: joiners, and Arabic, Syriac and Kaithi number marks.
_VISIBLE_FORMAT = frozenset(
    "\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)


def clean_name(name: str, extension: str) -> str:
    """Return the last part of `name` without characters that are not seen, at most 255 characters long.

    Control, direction and invisible format characters go. A name of which nothing remains becomes
    `unnamed.<extension>`. The time it takes is bounded, however long `name` is.
    """
    text = unicodedata.normalize("NFC", _shortened(name[max(name.rfind("/"), name.rfind("\\")) + 1 :], _READ))
    text = "".join(character for character in text if is_visible(character))
    text = " ".join(text.split()).strip(". ")
    return _shortened(text, MAX_CHARACTERS) or f"unnamed.{extension}"


def is_visible(character: str) -> bool:
    """Whether a character has a shape, or joins others that do; controls and direction marks are invisible."""
    category = unicodedata.category(character)
    return category not in _CONTROLS and (category != "Cf" or character in _VISIBLE_FORMAT)


def _shortened(text: str, length: int) -> str:
    """Cut `text` to at most `length` characters; a short suffix is kept."""
    if len(text) <= length:
        return text
    stem, dot, suffix = text.rpartition(".")
    if dot and len(suffix) <= _LONGEST_SUFFIX:
        return f"{stem[: length - len(suffix) - 1]}.{suffix}"
    return text[:length]
