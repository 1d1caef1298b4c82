"""Wrong tokens and passwords: the first few are answered at once, further ones slowly. Correct ones never wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from limits import RateLimitItem, RateLimitItemPerMinute

from web import counters
from web.access.errors import TooManyTries
from web.access.rates import Rates

AT_ONCE = RateLimitItemPerMinute(10)
_SECONDS_EACH = 1.0
_LONGEST_SECONDS = 20.0
_MANY_CALLERS = 10_000


class Turns:
    """Delays a caller's failures beyond ten per minute: they are answered one per second, in order.

    Each waits in its thread, for at most 20 seconds. A caller has only its share of threads.
    """

    def __init__(self, hit: Callable[[RateLimitItem, str], bool]) -> None:
        self._hit = hit
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wrong(self, caller: str) -> bool:
        """Count a failure and wait for its turn; returns whether it was one of the first few."""
        if self._hit(AT_ONCE, caller):
            return True
        now = time.monotonic()
        with self._lock:
            if len(self._next) > _MANY_CALLERS:
                self._next = {each: turn for each, turn in self._next.items() if turn > now}
            turn = min(max(now, self._next.get(caller, now)) + _SECONDS_EACH, now + _LONGEST_SECONDS)
            self._next[caller] = turn
        time.sleep(turn - now)
        return False


class Tries:
    """Wrong tokens, counted over all replicas. A token is always checked first."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._turns = Turns(rates.hit)

    def wrong(self, caller: str) -> None:
        """Count a wrong token; raises `TooManyTries`, after a delay, if this caller has failed too often."""
        counters.WRONG_TOKENS.inc()
        if not self._turns.wrong(caller):
            raise TooManyTries(self._rates.wait(AT_ONCE, caller))
