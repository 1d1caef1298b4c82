"""Parses dates as people type them: `2019`, `2019-07`, `July 2019`, `14 July`, `14.7.2019`, `yesterday`."""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from collections.abc import Callable, Sequence
from datetime import date, timedelta

DateRange = tuple[date, date]
"""The first and the last day."""

MOST_TOKENS = 3
"""How many words a date has at most."""

_MONTHS = [name.casefold() for name in month_name[1:]]
_FIRST_YEAR = 1826
_YEAR = re.compile(r"[12]\d{3}", re.ASCII)
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)


def days_of(tokens: Sequence[str], today: date) -> DateRange | None:
    """The range of days that these words name; None if they are no date. Without a year, the most recent one."""
    plain = [token.strip(",").casefold() for token in tokens]
    try:
        match plain:
            case [one]:
                return _of_one(one, today)
            case [one, other]:
                return _of_two(one, other, today)
            case [one, other, year] if _YEAR.fullmatch(year):
                return _of_day(one, other, lambda: int(year))
    except ValueError:  # such as 30 February
        return None
    return None


def _of_one(text: str, today: date) -> DateRange | None:
    if text in ("today", "yesterday"):
        then = today - timedelta(days=text == "yesterday")
        return then, then
    if _YEAR.fullmatch(text):
        # another number is part of a name
        known = _FIRST_YEAR <= int(text) <= today.year + 1
        return (date(int(text), 1, 1), date(int(text), 12, 31)) if known else None
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
        return _day(int(year), int(month), int(day)) if day else _month(int(year), int(month))
    if found := _DOTTED.fullmatch(text):
        return _day(int(found[3]), int(found[2]), int(found[1]))
    if month := _month_of(text):
        return _month(today.year - ((today.year, month) > (today.year, today.month)), month)
    return None


def _of_two(one: str, other: str, today: date) -> DateRange | None:
    for name, year in ((one, other), (other, one)):
        if (month := _month_of(name)) and _YEAR.fullmatch(year):
            return _month(int(year), month)
    return _last_such_day(one, other, today)


def _last_such_day(one: str, other: str, today: date) -> DateRange | None:
    """The most recent such day, for a date without a year."""
    for year in range(today.year, today.year - 9, -1):  # the last 29 February may be eight years ago
        try:
            found = _of_day(one, other, lambda year=year: year)  # type: ignore[misc]
        except ValueError:
            continue
        if found and found[0] <= today:
            return found
    return None


def _of_day(one: str, other: str, year: Callable[[], int]) -> DateRange | None:
    """A date from a day and a month, in either order."""
    for day, name in ((one, other), (other, one)):
        if (number := _DAY.fullmatch(day)) and (month := _month_of(name)):
            return _day(year(), month, int(number[1]))
    return None


def _day(year: int, month: int, day: int) -> DateRange:
    found = date(year, month, day)
    return found, found


def _month(year: int, month: int) -> DateRange:
    if not 1 <= month <= 12 or not year:
        raise ValueError(month)
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def _month_of(text: str) -> int:
    """The number of a month by its name, or by three letters of it or more; 0 for none."""
    short = text.removesuffix(".")
    found = [number for number, name in enumerate(_MONTHS, 1) if len(short) >= 3 and name.startswith(short)]
    return found[0] if len(found) == 1 else 0
