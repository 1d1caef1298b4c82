"""What the address of a request asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from flask import request

from pipeline.errors import BadRequest
from pipeline.ids import is_id
from pipeline.images.formats import Format
from pipeline.records import State
from web.index import LEAST_CHARACTERS, Position, Query, Sort, fold
from web.typed import Typed, understood

PARAMETERS = ("sort", "q", "state", "format", "from", "to", "before", "after")
"""What `asked_query` reads."""

_LONGEST, _MOST_WORDS = 200, 8


def asked_query(*, typed: bool = False) -> Query:
    """The query of the current request; raises `BadRequest`. If `q` was `typed` by a person, it may say more than parts
    of names, and its words may be too short."""
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
    """Raise `BadRequest` for a parameter that the call does not have: a filter that were ignored would mislead."""
    if unknown := sorted(set(request.args) - set(names)):
        raise BadRequest(f"This call has no parameter '{unknown[0][:40]}'. It knows {', '.join(sorted(names))}.")


def asked_id(name: str) -> str | None:
    """The id of an image that the parameter `name` holds, None without one; raises `BadRequest` if it is no id."""
    value = request.args.get(name)
    if value is not None and not is_id(value):
        raise BadRequest(f"'{name}' must be the id of an image.")
    return value


def asked_sort(name: str) -> Sort:
    """The order that the request asks for."""
    try:
        return Sort(request.args.get(name, Sort.RECEIVED))
    except ValueError:
        raise BadRequest(f"'{name}' must be received or taken.") from None


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
    """Whether there are words, and none of them is long enough to be found."""
    return bool(words) and max(len(fold(word)) for word in words) < LEAST_CHARACTERS


def _state() -> State | None:
    text = request.args.get("state")
    if text is None:
        return None
    if not (state := State(text)).is_known:
        raise BadRequest("'state' must be one of pending, ready, failed.")
    return state


def _format() -> Format | None:
    text = request.args.get("format")
    if text is None:
        return None
    if not (format_ := Format(text)).is_known:
        raise BadRequest(f"'format' must be one of {', '.join(Format)}.")
    return format_


def _day(name: str) -> date | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise BadRequest(f"'{name}' must be a day, such as 2019-07-14.")
    return day


def _position(name: str) -> Position | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        return Position.parse(text)
    except ValueError:
        raise BadRequest(f"'{name}' must be the id of an image, or a position that an answer gave.") from None
