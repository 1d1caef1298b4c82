"""How often a caller may be wrong about a token."""

from __future__ import annotations

from limits import RateLimitItemPerMinute

from web import counters
from web.access.errors import TooManyTries
from web.access.rates import Rates

_ONE_CALLER = RateLimitItemPerMinute(10)


class Tries:
    """Ten wrong tokens a minute from one address, then none is looked at, right or wrong."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates

    def require(self, client: str) -> None:
        """Raise `TooManyTries` where this caller has been wrong too often."""
        if not self._rates.test(_ONE_CALLER, client):
            raise TooManyTries(self._rates.wait(_ONE_CALLER, client))

    def wrong(self, client: str) -> None:
        """Count a wrong token."""
        counters.WRONG_TOKENS.inc()
        self._rates.hit(_ONE_CALLER, client)
