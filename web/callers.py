"""Identifies callers, and limits what each of them may hold at once."""

from __future__ import annotations

import ipaddress
import math
import threading
from collections import Counter, deque
from collections.abc import Callable

from flask import request

from pipeline.errors import GalleryError

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
_IPV6_NETWORK = 64
AT_WORK = 8
"""Requests of one caller that are worked on at a time.

With some more, those that compute would slow down everybody; those that wait for the disk gain little.
"""


def caller_of(address: str) -> str:
    """Return the key by which a caller is known: an IPv4 address, or the /64 network of an IPv6 address.

    Someone with one IPv6 address usually has its whole /64. Text that is no address is its own key.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))


def caller() -> str:
    """Return the key of the current request's caller, as reported by the configured proxies."""
    return caller_of(request.remote_addr or "unknown")


def is_trusted(address: str, networks: Networks) -> bool:
    """Whether an address is that of a proxy in `networks`."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in network for network in networks if network.version == parsed.version)


class TooManyAtOnce(GalleryError):
    """One caller has too many requests, uploads or listeners open."""

    code, title = "too-many-at-once", "Too many requests at once"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("Too many of your requests are still being answered. Wait for some of them.")


class Shares:
    """Counts what callers hold: at most `each` per caller, and `total` for all together."""

    def __init__(self, each: int, total: float = math.inf) -> None:
        self._each = each
        self._total = total
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._all = 0

    def take(self, caller: str) -> bool:
        """Count one more for this caller; false if that would exceed a limit."""
        with self._lock:
            if self._held[caller] >= self._each or self._all >= self._total:
                return False
            self._held[caller] += 1
            self._all += 1
            return True

    def require(self, caller: str) -> None:
        """Raise `TooManyAtOnce` if `take` would fail now."""
        if self._held[caller] >= self._each or self._all >= self._total:
            raise TooManyAtOnce

    def held(self, caller: str) -> int:
        """How many this caller holds."""
        return self._held[caller]

    def give_back(self, caller: str, count: int = 1) -> None:
        """Count `count` less for this caller."""
        with self._lock:
            self._held[caller] -= count
            self._all -= count
            if self._held[caller] <= 0:
                del self._held[caller]


class Places:
    """Limits the requests of one caller that are worked on to `each`; the others wait in order of arrival."""

    def __init__(self, each: int = AT_WORK) -> None:
        self._each = each
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, deque[Callable[[], object]]] = {}

    def when_free(self, caller: str, begin: Callable[[], object]) -> None:
        """Take a place of this caller and call `begin`: at once, or in the thread that leaves the next one free."""
        with self._lock:
            if self._taken[caller] >= self._each:
                self._waiting.setdefault(caller, deque()).append(begin)
                return
            self._taken[caller] += 1
        begin()

    def enter(self, caller: str) -> None:
        """Wait for a place of this caller, and take it."""
        entered = threading.Event()
        self.when_free(caller, entered.set)
        entered.wait()

    def take_again(self, caller: str) -> None:
        """Take a place again after waiting for the client: at once, even beyond the limit.

        A request with a thread must not wait for those that have a place but no thread yet: all threads might do so,
        a deadlock.
        """
        with self._lock:
            self._taken[caller] += 1

    def leave(self, caller: str) -> None:
        """Give a place of this caller to the next one, or back."""
        with self._lock:
            waiting = self._waiting.get(caller)
            if not waiting or self._taken[caller] > self._each:
                self._taken[caller] -= 1
                if not self._taken[caller]:
                    del self._taken[caller]
                return
            begin = waiting.popleft()
            if not waiting:
                del self._waiting[caller]
        begin()
