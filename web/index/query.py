"""Queries of the index, and positions in a sort order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol, Self

from pipeline.ids import is_id, made_at
from pipeline.images.formats import Format
from pipeline.records import Record, State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POSITION = re.compile(r"(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)_)?(.{36})", re.ASCII)


class Sort(StrEnum):
    """The sort order: by date added, or by date taken in local time."""

    RECEIVED = "received"
    TAKEN = "taken"


class Dated(Protocol):
    """The fields that determine an image's position in either order."""

    @property
    def id(self) -> str: ...
    @property
    def taken_at(self) -> str | None: ...


class Position(NamedTuple):
    """A position in a sort order: an id, and when sorted by `taken`, seconds since 1970 before it. With them, it
    stays valid after the image is gone. Without seconds, the position is looked up from the image's current date.
    """

    seconds: int | None
    id: str

    @classmethod
    def of(cls, record: Record, sort: Sort) -> Self:
        """The position of a record."""
        return cls(seconds_taken(record) if sort is Sort.TAKEN else None, record.id)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a position from a response, or an id; raises `ValueError`."""
        found = _POSITION.fullmatch(text)
        if not found or not is_id(found[2]):
            raise ValueError(text)
        return cls(_seconds(datetime.fromisoformat(found[1])) if found[1] else None, found[2])

    def to_text(self) -> str:
        """The position as responses give it: an id, or `<local time>_<id>`."""
        if self.seconds is None:
            return self.id
        return f"{(_EPOCH + timedelta(seconds=self.seconds)).replace(tzinfo=None).isoformat()}_{self.id}"


@dataclass(frozen=True, slots=True)
class Query:
    """Which images, in which order. `first` and `last` are days in that order, both included.

    `before` asks for older images, newest first; `after` for newer ones, oldest first.
    """

    sort: Sort = Sort.RECEIVED
    words: tuple[str, ...] = ()
    state: State | None = None
    format: Format | None = None
    first: date | None = None
    last: date | None = None
    before: Position | None = None
    after: Position | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether it selects some images, and not all."""
        return bool(self.words or self.state or self.format or self.first or self.last)

    @property
    def needs_index(self) -> bool:
        """Whether only the index can answer it."""
        return self.sort is Sort.TAKEN or bool(self.words or self.format or self.first or self.last)


def seconds_taken(record: Dated) -> int:
    """When a picture was taken, in local time, as seconds since 1970; if unknown, when it was added, in UTC."""
    try:
        return _seconds(datetime.fromisoformat((record.taken_at or "")[:19]))
    except ValueError:
        return seconds_received(record.id)


def day_of(record: Record, sort: Sort) -> date:
    """The day of a record in a sort order."""
    seconds = seconds_taken(record) if sort is Sort.TAKEN else seconds_received(record.id)
    return (_EPOCH + timedelta(seconds=seconds)).date()


def seconds_received(image_id: str) -> int:
    """When an image was added, in UTC, as seconds since 1970."""
    return _seconds(made_at(image_id))


def _seconds(wall: datetime) -> int:
    return (wall.replace(tzinfo=UTC, microsecond=0) - _EPOCH) // timedelta(seconds=1)
