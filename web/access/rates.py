"""Rate limits, counted in Redis over all replicas, or in this process while Redis is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil

from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from pipeline.queue.image_queues import ImageQueues


class Rates:
    """Counters per caller. If Redis fails, each process counts on its own."""

    def __init__(self, queue: ImageQueues, prefix: str) -> None:
        self._queue = queue
        self._here = FixedWindowRateLimiter(MemoryStorage())
        pool = queue.connection.connection_pool
        self._shared = FixedWindowRateLimiter(RedisStorage("redis://", connection_pool=pool, key_prefix=prefix))

    def hit(self, limit: RateLimitItem, caller: str) -> bool:
        """Count one; returns whether it is within the limit."""
        return self._here.hit(limit, caller) and self._everywhere(self._shared.hit, limit, caller)

    def test(self, limit: RateLimitItem, caller: str) -> bool:
        """Whether one more would be within the limit."""
        return self._here.test(limit, caller) and self._everywhere(self._shared.test, limit, caller)

    def _everywhere(self, ask: Callable[[RateLimitItem, str], bool], limit: RateLimitItem, caller: str) -> bool:
        """Ask the counters in Redis; true while it is away."""
        if self._queue.is_away:
            return True
        try:
            return ask(limit, caller)
        except (RedisError, OSError):
            self._queue.rest()
            return True

    def wait(self, limit: RateLimitItem, caller: str) -> int:
        """Seconds until the counter is reset."""
        reset = self._here.get_window_stats(limit, caller).reset_time
        return max(1, min(limit.get_expiry(), ceil(reset - time.time())))
