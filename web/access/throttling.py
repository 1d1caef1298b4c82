"""Limits per caller: requests in progress, and requests per minute."""

from __future__ import annotations

from flask import Flask, g, request
from limits import RateLimitItemPerMinute

from pipeline.errors import GalleryError
from pipeline.settings import Settings
from web import uploads
from web.access.rates import Rates
from web.callers import Places, Shares, TooManyAtOnce, caller
from web.server.paced_socket import around_waits, has_place, is_probe, when_answered

_PROBES = frozenset({"health.healthz", "health.readyz"})
_ASSETS = frozenset({"static", "assets.file"})


class TooOften(GalleryError):
    """One caller asks too often."""

    code, title = "too-many-requests", "Too many requests"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"You have reached your limit for this minute. Go on in {seconds} seconds.")
        self.retry_after = seconds


def count_requests(app: Flask, settings: Settings) -> None:
    """Limit the requests in progress per caller. Runs first, when only the address is known.

    A request is in progress until its response has been sent, because a slow reader holds a thread for as long. Only a
    few of them are worked on at a time, which excludes time spent waiting for the client.
    """
    in_hand, places = Shares(settings.client_connections), Places()

    @app.before_request
    def enter() -> None:
        g.counted = None
        if request.endpoint in _PROBES and is_probe(request.environ):
            return
        who = caller()
        if not in_hand.take(who):
            raise TooManyAtOnce
        if not when_answered(request.environ, lambda: in_hand.give_back(who)):
            g.counted = who
            return
        if has_place(request.environ):
            return
        # Behind a proxy the server cannot tell callers apart.
        places.enter(who)
        when_answered(request.environ, lambda: places.leave(who))
        around_waits(request.environ, lambda: places.leave(who), lambda: places.take_again(who))

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        who = g.get("counted")
        if who is not None:
            in_hand.give_back(who)


def limit_rates(app: Flask, settings: Settings, rates: Rates) -> None:
    """Limit requests and uploads per minute and caller: by token if they have one, else by address."""
    limits = (
        ("requests", settings.requests_per_minute, None),
        ("uploads", settings.uploads_per_minute, uploads.ENDPOINTS),
    )

    @app.before_request
    def count() -> None:
        if request.endpoint in _PROBES | _ASSETS:
            return
        who = g.get("caller") or caller()
        for name, most, endpoints in limits:
            if most and (endpoints is None or request.endpoint in endpoints):
                limit = RateLimitItemPerMinute(most, namespace=name)
                if not rates.hit(limit, who):
                    raise TooOften(rates.wait(limit, who))
