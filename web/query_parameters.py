"""Parses the query parameters of a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from flask import request

from pipeline.errors import BadRequest
from pipeline.ids import SHA256, is_id
from pipeline.images.formats import Format
from pipeline.open_enum import OpenEnum
from pipeline.records import State
from web.index import LEAST_CHARACTERS, Position, Query, Sort, fold
from web.typed import Typed, understood

PARAMETERS = ("sort", "q", "state", "format", "from", "to", "before", "after")
"""What `asked_query` reads."""

_LONGEST, _MOST_WORDS = 200, 8
_T = TypeVar("_T")
_Open = TypeVar("_Open", bound=OpenEnum)


def asked_query(*, typed: bool = False) -> Query:
    """The query of the current request; raises `BadRequest`. If `q` was `typed` by a person, it may also hold dates,
    states and formats, and its words may be too short."""
    found = understood(_text(), datetime.now(UTC).date()) if typed else Typed(words=_words())
    return Query(
        sort=asked_sort("sort"),
        words=found.words[:_MOST_WORDS],
        state=_state() or found.state,
        format=_format() or found.format,
        first=_day("from") or found.first,
        last=_day("to") or found.last,
        before=_position("before"),
        after=_position("after"),
    )


def require_known(*names: str) -> None:
    """Raise `BadRequest` for an unknown parameter: ignoring a misspelt filter would mislead."""
    if unknown := sorted(set(request.args) - set(names)):
        raise BadRequest(f"This call has no parameter '{unknown[0][:40]}'. It knows {', '.join(sorted(names))}.")


def asked_id(name: str) -> str | None:
    """The image id in the parameter `name`; None if absent; raises `BadRequest` if it is no id."""
    return _asked(name, _matching(is_id), "the id of an image")


def asked_sha256() -> str | None:
    """The hash in the request; None if absent; raises `BadRequest`."""
    return _asked("sha256", _matching(SHA256.fullmatch), "64 hexadecimal digits in lower case")


def asked_sort(name: str) -> Sort:
    """The sort order in the request; raises `BadRequest`."""
    return _asked(name, Sort, " or ".join(Sort)) or Sort.RECEIVED


def _words() -> tuple[str, ...]:
    words = tuple(_text().split())
    if len(words) > _MOST_WORDS:
        raise BadRequest(f"'q' must have at most {_MOST_WORDS} words.")
    if "q" in request.args and (not words or has_short_words(words)):
        raise BadRequest(f"'q' must have a word of at least {LEAST_CHARACTERS} characters.")
    return words


def _text() -> str:
    text = request.args.get("q", "")
    if len(text) > _LONGEST:
        raise BadRequest(f"'q' must have at most {_LONGEST} characters.")
    return text


def has_short_words(words: Sequence[str]) -> bool:
    """Whether there are words, but none is long enough for a search."""
    return bool(words) and max(len(fold(word)) for word in words) < LEAST_CHARACTERS


def _state() -> State | None:
    return _asked("state", _known(State), f"one of {', '.join(State)}")


def _format() -> Format | None:
    return _asked("format", _known(Format), f"one of {', '.join(Format)}")


def _day(name: str) -> date | None:
    return _asked(name, _date, "a day, such as 2019-07-14")


def _position(name: str) -> Position | None:
    return _asked(name, Position.parse, "the id of an image, or a position that an answer gave")


def _asked(name: str, read: Callable[[str], _T], kind: str) -> _T | None:
    """A parameter as parsed by `read`; None if absent; raises `BadRequest` if `read` raises `ValueError`."""
    text = request.args.get(name)
    if text is None:
        return None
    try:
        return read(text)
    except ValueError:
        raise BadRequest(f"'{name}' must be {kind}.") from None


def _matching(matches: Callable[[str], object]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not matches(text):
            raise ValueError
        return text

    return read


def _known(kind: type[_Open]) -> Callable[[str], _Open]:
    def read(text: str) -> _Open:
        if not (member := kind(text)).is_known:
            raise ValueError
        return member

    return read


def _date(text: str) -> date:
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError
    return day
