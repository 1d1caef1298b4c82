"""Connecting to Redis: one bounded wait, no retries, and a circuit breaker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError

from pipeline.queue import sentinel

_RACES = (DuplicateJobError, InvalidJobOperation, NoSuchJobError)
"""What RQ raises if another process ends, replaces or deletes a job in the same moment."""


class QueueUnavailable(Exception):
    """Redis cannot be reached or refuses; accepted images wait in the outbox."""


class HeldByAnother(QueueUnavailable):
    """The Redis database serves another gallery."""

    def __init__(self) -> None:
        super().__init__(
            "another gallery uses this Redis database: give each its own, for example by a REDIS_URL that ends in /1. "
            "Uploads are accepted, thumbnails wait"
        )


def connect(url: str, *, timeout: float) -> Redis:
    """A client that waits at most `timeout` seconds for a connection or an answer, and does not retry."""
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 0,
    }
    return sentinel.master(url, options) if sentinel.is_sentinel(url) else Redis.from_url(url, **options)


class Breaker:
    """A circuit breaker: no calls for `pause` seconds after a failure, so that a hanging Redis delays one request."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether no call is let through: Redis failed less than `pause` seconds ago."""
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        """Open the circuit for `pause` seconds."""
        self._open_until = time.monotonic() + self._pause

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """A context in which every failure of Redis raises `QueueUnavailable`, and is remembered.

        A race that RQ lost raises `QueueUnavailable` too: the sweep catches up.
        """
        if self.is_open:
            raise QueueUnavailable("Redis failed a moment ago")
        try:
            yield
        except (RedisError, OSError) as error:
            self.trip()
            raise QueueUnavailable(str(error)) from error
        except _RACES as error:
            raise QueueUnavailable(f"the job changed meanwhile: {error}") from error
