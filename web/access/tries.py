"""How often a caller may be wrong about a token: counted in Redis, in this process where Redis is away."""

from __future__ import annotations

import time
from math import ceil

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from pipeline.jobs import Thumbnails
from web import counters
from web.access.errors import TooManyTries

_ONE_CALLER = RateLimitItemPerMinute(10)


class Tries:
    """Ten wrong tokens a minute from one address, then none is looked at, right or wrong."""

    def __init__(self, queue: Thumbnails, redis_url: str) -> None:
        self._queue = queue
        self._here = FixedWindowRateLimiter(MemoryStorage())
        storage = RedisStorage(redis_url, connection_pool=queue.connection.connection_pool, key_prefix="gallery:tries")
        self._shared = FixedWindowRateLimiter(storage)

    def require(self, client: str) -> None:
        """Raise `TooManyTries` where this caller has been wrong too often."""
        if not self._here.test(_ONE_CALLER, client) or not self._shared_test(client):
            reset = self._here.get_window_stats(_ONE_CALLER, client).reset_time
            raise TooManyTries(max(1, min(60, ceil(reset - time.time()))))

    def wrong(self, client: str) -> None:
        """Count a wrong token."""
        counters.WRONG_TOKENS.inc()
        self._here.hit(_ONE_CALLER, client)
        if not self._queue.resting:
            try:
                self._shared.hit(_ONE_CALLER, client)
            except (RedisError, OSError):
                self._queue.rest()

    def _shared_test(self, client: str) -> bool:
        if self._queue.resting:
            return True
        try:
            return self._shared.test(_ONE_CALLER, client)
        except (RedisError, OSError):
            self._queue.rest()
            return True
