"""Parses the search field: names, cameras, formats, states and dates, in any order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pipeline.images.formats import Format
from pipeline.records import State
from web.typed_dates import MOST_TOKENS, DateRange, days_of

_TOKEN = re.compile(r'"([^"]*)"?|([^\s"]+)')
_STATES = {"failed": State.FAILED, "pending": State.PENDING, "waiting": State.PENDING, "ready": State.READY}
_FORMATS = {**{format_.value: format_ for format_ in Format}, "jpg": Format.JPEG, "heif": Format.HEIC}
_BETWEEN = ("to", "-", "–", "until")


@dataclass(frozen=True, slots=True)
class Typed:
    """The parsed conditions; all must hold. `words` are parts of a name or of a camera, `first` and `last` days."""

    words: tuple[str, ...] = ()
    state: State | None = None
    format: Format | None = None
    first: date | None = None
    last: date | None = None


def understood(text: str, today: date) -> Typed:
    """Parse typed text. Text in quotation marks is always part of a name, whatever else it could mean."""
    words: list[str] = []
    state, format_, days = None, None, list[DateRange]()
    for token, meaning in _tokens(text, today):
        if isinstance(meaning, State):
            state = meaning
        elif isinstance(meaning, Format):
            format_ = meaning
        elif meaning:
            days.append(meaning)
        else:
            words += token.split()
    first, last = (min(day for day, _ in days), max(day for _, day in days)) if days else (None, None)
    return Typed(tuple(words), state, format_, first, last)


def _tokens(text: str, today: date) -> Iterator[tuple[str, State | Format | DateRange | None]]:
    """The tokens of the text with their meanings; None for a word."""
    tokens = [(found[1] or found[2] or "", found[2] is not None) for found in _TOKEN.finditer(text)]
    at, after_date = 0, False
    while at < len(tokens):
        token, is_plain = tokens[at]
        plain = token.casefold()
        if not is_plain:
            yield token, None
        elif days := _date_at(tokens, at, today):
            yield token, days[0]
            at += days[1]
            after_date = True
            continue
        elif after_date and plain in _BETWEEN and _date_at(tokens, at + 1, today):
            pass
        else:
            yield token, _STATES.get(plain) or _FORMATS.get(plain)
        at, after_date = at + 1, False


def _date_at(tokens: list[tuple[str, bool]], at: int, today: date) -> tuple[DateRange, int] | None:
    """The longest date that begins at a token, and its number of tokens."""
    for count in range(MOST_TOKENS, 0, -1):
        part = tokens[at : at + count]
        whole = len(part) == count and all(is_plain for _, is_plain in part)
        if whole and (days := days_of([token for token, _ in part], today)):
            return days, count
    return None
