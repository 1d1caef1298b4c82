"""Changes of records, told to whoever listens, over one Redis stream. Losing them loses no image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from pipeline.records import Record

STREAM = "gallery:events"
MAX_EVENTS = 10_000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the stream: an image's new record; or an image that is gone, where there is no record;
    or, where there is no image either, a gap: events before it may have been lost.
    """

    id: str
    image_id: str | None = None
    record: Record | None = None


class EventPublisher:
    """Appends events to the stream; a Redis that fails is logged and otherwise ignored.

    What could not be told is made up for by a gap, told before the next event.
    """

    def __init__(self, connection: Redis) -> None:
        self.connection = connection
        self._gap = False

    def changed(self, record: Record) -> None:
        """Tell that an image stands otherwise than before."""
        self._add({"id": record.id, "record": record.to_json()})

    def deleted(self, image_id: str) -> None:
        """Tell that an image is gone."""
        self._add({"id": image_id, "deleted": "1"})

    def missed(self) -> None:
        """An event could not be told."""
        self._gap = True

    def _add(self, fields: dict[Any, Any]) -> None:
        try:
            if self._gap:
                tell_gap(self.connection)
                self._gap = False
            self.connection.xadd(STREAM, fields, maxlen=MAX_EVENTS, approximate=True)
        except (RedisError, OSError) as error:
            self.missed()
            _log.warning("event not sent", error=str(error))


def tell_gap(connection: Redis) -> None:
    """Tell that events before this one may have been lost; raises `RedisError` or `OSError`."""
    connection.xadd(STREAM, {"gap": "1"}, maxlen=MAX_EVENTS, approximate=True)


class Rewound(Exception):
    """The stream is not the one it was: Redis was emptied, or restored from an older state."""


class Follower:
    """Reads the stream from its end onwards. `position` is the id of the last entry read.

    Every method raises `RedisError` or `OSError` where Redis fails; `seconds` must be well below the
    connection's time-out.
    """

    def __init__(self, connection: Redis) -> None:
        self.connection = connection
        self.position = "0-0"

    def newest(self, count: int) -> list[Event]:
        """Up to `count` last events, oldest first; `position` is the end of the stream then."""
        entries: Any = self.connection.xrevrange(STREAM, count=count)
        events = [_event(*entry) for entry in reversed(entries)]
        self.position = events[-1].id if events else "0-0"
        return events

    def wait(self, seconds: float, count: int = 500) -> list[Event]:
        """The next events, none after `seconds` without any; raises `Rewound`."""
        answer: Any = self.connection.xread({STREAM: self.position}, count=count, block=int(seconds * 1000))
        if not answer:
            last: Any = self.connection.xrevrange(STREAM, count=1)
            if order(last[0][0].decode() if last else "0-0") < order(self.position):
                raise Rewound("the stream of events went back")
            return []
        events = [_event(*entry) for entry in answer[0][1]]
        self.position = events[-1].id
        return events


def order(position: str) -> tuple[int, int]:
    """An id of the stream as numbers that sort; raises `ValueError` where it is none."""
    moment, _, number = position.partition("-")
    return int(moment), int(number)


def _event(entry: bytes, fields: dict[bytes, bytes] | None) -> Event:
    fields = fields or {}
    image_id = fields[b"id"].decode() if b"id" in fields else None
    record = fields.get(b"record")
    return Event(entry.decode(), image_id, Record.from_json(record) if record else None)
