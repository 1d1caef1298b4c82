"""Wrong tokens and passwords: a few are answered at once, more of them slowly. Right ones are never kept waiting."""

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
    """Lets the wrong tries of each caller beyond ten a minute be answered one after the other, one a second.

    Each waits in its thread, of which one caller has but its share, and 20 seconds at the most.
    """

    def __init__(self, hit: Callable[[RateLimitItem, str], bool]) -> None:
        self._hit = hit
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wrong(self, caller: str) -> bool:
        """Count a wrong try and wait for its turn; whether it was one of the few that are answered at once."""
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
    """Wrong tokens, counted over all replicas. Whether a token is right is looked at before, always."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._turns = Turns(rates.hit)

    def wrong(self, caller: str) -> None:
        """Count a wrong token; raise `TooManyTries`, after a while, if this caller has been wrong too often."""
        counters.WRONG_TOKENS.inc()
        if not self._turns.wrong(caller):
            raise TooManyTries(self._rates.wait(AT_ONCE, caller))
