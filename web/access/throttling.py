"""No caller crowds out the others: how many requests one may have in hand at once, and how many a minute."""

from __future__ import annotations

import threading
from collections import Counter

from flask import Flask, g, request
from limits import RateLimitItemPerMinute

from pipeline.errors import GalleryError
from pipeline.settings import Settings
from web.access.rates import Rates

_FREE = frozenset({"health.healthz", "health.readyz", "static", "assets.file"})
_UPLOADS = frozenset({"api.upload", "upload.form"})


class TooManyAtOnce(GalleryError):
    """One caller has too many requests in hand."""

    code, status, title = "too-many-at-once", 429, "Too many requests at once"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("Too many of your requests are still being answered. Wait for some of them.")


class TooOften(GalleryError):
    """One caller asks too often."""

    code, status, title = "too-many-requests", 429, "Too many requests"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"You have reached your limit for this minute. Go on in {seconds} seconds.")
        self.retry_after = seconds


def register(app: Flask, settings: Settings, rates: Rates) -> None:
    """Count each caller's requests, by token where they have one, else by address."""
    in_hand: Counter[str] = Counter()
    lock = threading.Lock()
    limits = (
        ("requests", settings.requests_per_minute, None),
        ("uploads", settings.uploads_per_minute, _UPLOADS),
    )

    @app.before_request
    def enter() -> None:
        g.counted = None
        if request.endpoint in _FREE:
            return
        address = request.remote_addr or "unknown"
        with lock:
            if in_hand[address] >= settings.client_connections:
                raise TooManyAtOnce
            in_hand[address] += 1
            g.counted = address
        caller = g.get("caller") or address
        for name, most, endpoints in limits:
            if most and (endpoints is None or request.endpoint in endpoints):
                limit = RateLimitItemPerMinute(most, namespace=name)
                if not rates.hit(limit, caller):
                    raise TooOften(rates.wait(limit, caller))

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        address = g.get("counted")
        if address is not None:
            with lock:
                in_hand[address] -= 1
                if in_hand[address] <= 0:
                    del in_hand[address]
