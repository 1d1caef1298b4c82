"""Changes of records, told to whoever listens, over one Redis stream. Losing them loses no image."""

from __future__ import annotations

from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from pipeline.records import Record

STREAM = "gallery:events"
MAX_EVENTS = 10_000

_log = structlog.get_logger()


class Announcer:
    """Appends events to the stream; a Redis that fails is logged and otherwise ignored."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection

    def changed(self, record: Record) -> None:
        """Tell that an image stands otherwise than before."""
        self._add({"id": record.id, "record": record.to_json()})

    def deleted(self, image_id: str) -> None:
        """Tell that an image is gone."""
        self._add({"id": image_id, "deleted": "1"})

    def _add(self, fields: dict[Any, Any]) -> None:
        try:
            self._connection.xadd(STREAM, {**fields}, maxlen=MAX_EVENTS, approximate=True)
        except (RedisError, OSError) as error:
            _log.warning("event not sent", error=str(error))
