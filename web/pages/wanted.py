"""The gallery page's query as text: heading, message if nothing is found, and address."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request, url_for

from pipeline.records import State
from web.index import LEAST_CHARACTERS, Query, Sort
from web.query_parameters import PARAMETERS, has_short_words

_STATES = {State.FAILED: "failed", State.PENDING: "waiting", State.READY: "ready"}
_DONE = {Sort.RECEIVED: "added", Sort.TAKEN: "taken"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The query of a gallery page."""

    query: Query

    @property
    def is_filtered(self) -> bool:
        """Whether the page shows search results, and not the whole gallery."""
        return self.query.is_filtered

    @property
    def is_too_short(self) -> bool:
        """Whether the words are too short for a search."""
        return has_short_words(self.query.words)

    @property
    def title(self) -> str:
        """The heading of the page."""
        phrase = self._phrase()
        return phrase[:1].upper() + phrase[1:]

    @property
    def typed(self) -> str:
        """The text of the search field."""
        return request.args.get("q", "")

    def address(self, **changes: str | None) -> str:
        """The address of this query's first page, with these parameters changed."""
        kept = {name: request.args.get(name) for name in PARAMETERS if name not in ("before", "after")}
        return _address({name: text for name, text in (kept | changes).items() if text})

    def nothing(self) -> dict[str, Any] | None:
        """The message if no image is found; None for the whole gallery."""
        if not self.is_filtered:
            return None
        links = [{"label": "All pictures", "href": _address(self._order())}]
        if self.is_too_short:
            hint = f"Names and cameras are found by {LEAST_CHARACTERS} letters or more."
            return {"title": "That is too short", "hint": hint, "links": links}
        if self.query == Query(state=State.FAILED, sort=self.query.sort, before=self.query.before):
            return {
                "title": "Nothing has failed",
                "hint": "Every picture that was accepted was made, or waits.",
                "links": links,
            }
        if self.query.first or self.query.last:
            other = next(sort for sort in Sort if sort is not self.query.sort)
            label = f"Look by when they were {_DONE[other]}"
            links.insert(0, {"label": label, "href": self.address(sort=other.value)})
        return {"title": "Nothing found", "hint": f"There are no {self._phrase()}.", "links": links}

    def start(self) -> dict[str, Any]:
        """The query as data for the page's script."""
        query = self.query
        days = {"first": query.first, "last": query.last}
        return {
            "sort": query.sort.value,
            "words": query.words,
            "possible": not self.is_too_short,
            "state": query.state.value if query.state else None,
            "format": query.format.value if query.format else None,
            **{name: day.isoformat() if day else None for name, day in days.items()},
        }

    def _order(self) -> dict[str, str]:
        return {"sort": self.query.sort.value} if self.query.sort is not Sort.RECEIVED else {}

    def _phrase(self) -> str:
        query = self.query
        words = [_STATES[query.state]] if query.state else []
        words += [query.format.label] if query.format else []
        words += ["pictures"]
        if query.first or query.last:
            words += [_DONE[query.sort], _days(query.first, query.last)]
        if query.words:
            words += ["with", " ".join(f"“{word}”" for word in query.words)]
        return " ".join(words)


def _address(parameters: dict[str, Any]) -> str:
    return url_for("gallery.index", **parameters)


def _days(first: date | None, last: date | None) -> str:
    """Such as `in July 2019`."""
    if first is None or last is None:
        return f"since {_day(first)}" if first else f"until {_day(last)}" if last else ""
    if first == last:
        return f"on {_day(first)}"
    ends = (first.day, last.day) == (1, monthrange(last.year, last.month)[1])
    if ends and (first.year, first.month) == (last.year, last.month):
        return f"in {first:%B %Y}"
    if ends and (first.month, last.month) == (1, 12):
        return f"in {first.year}" if first.year == last.year else f"from {first.year} to {last.year}"
    return f"from {_day(first)} to {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
