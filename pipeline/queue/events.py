"""Changes of records, published in one Redis stream. Losing them loses no image.

An entry that cannot be read counts as a gap, like a lost one: another release, or anyone who can write to Redis, may
have put it there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from pipeline.ids import is_id
from pipeline.queue.lease import Lease
from pipeline.records import Record

STREAM = "gallery:events"
MAX_EVENTS = 10_000

# A record has some hundred bytes, and a name of a few hundred more at most.
_MAX_RECORD_BYTES = 64 * 1024
# Redis's errors if the key is no stream, or one whose ids are used up.
_BROKEN = ("WRONGTYPE", "The ID specified in XADD", "The stream has exhausted")
_BEGIN_ANEW = """
local told = redis.pcall('XADD', KEYS[1], '*', 'gap', '1')
if type(told) == 'table' and told.err then
    redis.call('DEL', KEYS[1])
    redis.call('XADD', KEYS[1], '*', 'gap', '1')
end
"""

_Entry = tuple[bytes, dict[bytes, bytes] | None]
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the stream: an image's new record; without a record, an image that was deleted; without an image
    either, a gap: events before it may have been lost.
    """

    id: str
    image_id: str | None = None
    record: Record | None = None

    @property
    def is_gap(self) -> bool:
        """Whether events before this one may have been lost."""
        return self.image_id is None


class EventPublisher:
    """Appends events to the stream; a Redis that fails is logged and otherwise ignored.

    If an event could not be published, a gap is published before the next one, or when the lease is next renewed.
    """

    def __init__(self, connection: Redis, lease: Lease) -> None:
        self.connection = connection
        self._lease = lease
        self._gap = False
        lease.after_each_renewal(self._after_renewal)

    def changed(self, record: Record) -> None:
        """Publish an image's new record."""
        self._add({"id": record.id, "record": record.to_json()})

    def deleted(self, image_id: str) -> None:
        """Publish that an image was deleted."""
        self._add({"id": image_id, "deleted": "1"})

    def last(self) -> str:
        """The id of the last event that anybody published; raises `RedisError` or `OSError`."""
        entries: Any = self.connection.xrevrange(STREAM, count=1)
        return entries[0][0].decode() if entries else "0-0"

    def missed(self) -> None:
        """Remember that an event could not be published."""
        self._gap = True

    def _add(self, fields: dict[Any, Any]) -> None:
        if not self._lease.held:
            self.missed()
            return
        try:
            self._tell_missed(self.connection)
            _append(self.connection, {**fields, "volume": self._lease.volume_id})
        except (RedisError, OSError) as error:
            self.missed()
            _log.warning("event not sent", error=str(error))

    def _tell_missed(self, connection: Redis) -> None:
        if self._gap:
            self._gap = False
            tell_gap(connection, self._lease.volume_id)

    def _after_renewal(self, connection: Redis) -> None:
        try:
            self._tell_missed(connection)
        except (RedisError, OSError) as error:
            self.missed()
            _log.warning("gap not sent", error=str(error))


def tell_gap(connection: Redis, volume_id: str) -> None:
    """Publish a gap: earlier events of the volume may have been lost; raises `RedisError` or `OSError`."""
    _append(connection, {"gap": "1", "volume": volume_id})


def _append(connection: Redis, fields: dict[Any, Any]) -> None:
    try:
        connection.xadd(STREAM, fields, maxlen=MAX_EVENTS, approximate=True)
    except ResponseError as error:
        if not _begin_anew(connection, error):
            raise
        connection.xadd(STREAM, fields, maxlen=MAX_EVENTS, approximate=True)


def _begin_anew(connection: Redis, error: ResponseError) -> bool:
    """If the stream is broken, start it again with a gap; returns whether it was. Other processes may do the same."""
    if not str(error).startswith(_BROKEN):
        return False
    _log.warning("what lies in Redis in the place of the events is no use, starting anew", key=STREAM, error=str(error))
    connection.eval(_BEGIN_ANEW, 1, STREAM)
    return True


class Rewound(Exception):
    """The stream was replaced: Redis was emptied, or restored from an older state."""


class Follower:
    """Reads the events of one volume from the end of the stream onwards. `position` is the id of the last entry read.

    Every method raises `RedisError` or `OSError` if Redis fails; `seconds` must be well below the
    connection's time-out.
    """

    def __init__(self, connection: Redis, volume_id: str) -> None:
        self.connection = connection
        self.position = "0-0"
        self._volume = volume_id.encode()

    def newest(self, count: int) -> list[Event]:
        """Up to `count` last events, oldest first; `position` is the end of the stream then."""
        entries = self._last(count)
        self.position = entries[0][0].decode() if entries else "0-0"
        return self._events(reversed(entries))

    def wait(self, seconds: float, count: int = 500) -> list[Event]:
        """The next events, none after `seconds` without any; raises `Rewound`."""
        try:
            answer: Any = self.connection.xread({STREAM: self.position}, count=count, block=int(seconds * 1000))
        except ResponseError as error:
            if _begin_anew(self.connection, error):
                raise Rewound("the stream of events was none") from error
            raise
        if not answer:
            last = self._last(1)
            if order(last[0][0].decode() if last else "0-0") < order(self.position):
                raise Rewound("the stream of events went back")
            return []
        entries = answer[0][1]
        self.position = entries[-1][0].decode()
        return self._events(entries)

    def _last(self, count: int) -> list[_Entry]:
        """Up to `count` last entries, newest first."""
        try:
            entries: Any = self.connection.xrevrange(STREAM, count=count)
        except ResponseError as error:
            if not _begin_anew(self.connection, error):
                raise
            entries = self.connection.xrevrange(STREAM, count=count)
        return list(entries)

    def _events(self, entries: Iterable[_Entry]) -> list[Event]:
        """The events of our volume and of no volume; of several gaps in a row, the last."""
        events: list[Event] = []
        unreadable = 0
        for position, fields in entries:
            fields = fields or {}
            if fields.get(b"volume", self._volume) != self._volume:
                continue  # another gallery had this Redis for a while
            try:
                event = _event(position.decode(), fields)
            except (ValueError, RecursionError):
                unreadable += 1
                event = Event(position.decode())
            if events and event.is_gap and events[-1].is_gap:
                events.pop()
            events.append(event)
        if unreadable:
            _log.warning("events that cannot be read are taken as lost", events=unreadable)
        return events


def order(position: str) -> tuple[int, int]:
    """An id of the stream as numbers that sort; raises `ValueError` if it is not one."""
    moment, _, number = position.partition("-")
    return int(moment), int(number)


def _event(position: str, fields: dict[bytes, bytes]) -> Event:
    """The event of an entry; raises `ValueError` or `RecursionError` if it is not one."""
    if b"gap" in fields:
        return Event(position)
    if b"volume" not in fields:
        raise ValueError("of no volume")
    image_id = fields.get(b"id", b"").decode()
    if not is_id(image_id):
        raise ValueError("not the id of an image")
    if b"deleted" in fields:
        return Event(position, image_id)
    data = fields.get(b"record", b"")
    if len(data) > _MAX_RECORD_BYTES:
        raise ValueError("too large for a record")
    record = Record.from_json(data)
    if record.id != image_id:
        raise ValueError("the record of another image")
    return Event(position, image_id, record)
