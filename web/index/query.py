"""What can be asked of the index, and positions in an order."""

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
    """By what images are ordered: when they came in, or when they were taken, in local time there."""

    RECEIVED = "received"
    TAKEN = "taken"


class Dated(Protocol):
    """What places an image in either order."""

    @property
    def id(self) -> str: ...
    @property
    def taken_at(self) -> str | None: ...


class Position(NamedTuple):
    """A place in an order: an id, and sorted by `taken`, the seconds since 1970 before it. Such a place stays good when
    the image is gone. Without seconds, the position is looked up from the image's current date.
    """

    seconds: int | None
    id: str

    @classmethod
    def of(cls, record: Record, sort: Sort) -> Self:
        """Where a record is."""
        return cls(seconds_taken(record) if sort is Sort.TAKEN else None, record.id)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A position from the text that an answer gave, or from an id; raises `ValueError`."""
        found = _POSITION.fullmatch(text)
        if not found or not is_id(found[2]):
            raise ValueError(text)
        return cls(_seconds(datetime.fromisoformat(found[1])) if found[1] else None, found[2])

    def to_text(self) -> str:
        """The position as an answer gives it: an id, or `<local time>_<id>`."""
        if self.seconds is None:
            return self.id
        return f"{(_EPOCH + timedelta(seconds=self.seconds)).replace(tzinfo=None).isoformat()}_{self.id}"


@dataclass(frozen=True, slots=True)
class Query:
    """Which images, in which order. `first` and `last` are days of that order, both included.

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
        """Whether it asks for some images, and not for all."""
        return bool(self.words or self.state or self.format or self.first or self.last)

    @property
    def needs_index(self) -> bool:
        """Whether the folders cannot answer it."""
        return self.sort is Sort.TAKEN or bool(self.words or self.format or self.first or self.last)


def seconds_taken(record: Dated) -> int:
    """When a picture was taken, in local time, in seconds since 1970; if that is not known, when it came in, in UTC."""
    try:
        return _seconds(datetime.fromisoformat((record.taken_at or "")[:19]))
    except ValueError:
        return seconds_received(record.id)


def day_of(record: Record, sort: Sort) -> date:
    """The day of a record in an order."""
    seconds = seconds_taken(record) if sort is Sort.TAKEN else seconds_received(record.id)
    return (_EPOCH + timedelta(seconds=seconds)).date()


def seconds_received(image_id: str) -> int:
    """When an image came in, in UTC, in seconds since 1970."""
    return _seconds(made_at(image_id))


def _seconds(wall: datetime) -> int:
    return (wall.replace(tzinfo=UTC, microsecond=0) - _EPOCH) // timedelta(seconds=1)
