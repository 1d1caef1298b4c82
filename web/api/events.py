"""Live changes as Server-Sent Events. A listener costs an open connection, and no thread."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app, request
from redis.exceptions import RedisError

from pipeline.errors import BadRequest, EventsUnavailable, TooManyListeners
from web.access.originals import may_fetch_originals
from web.callers import Shares, caller
from web.live.feed import Feed, feed
from web.server.takeover import can_take_over, take_over
from web.services import services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

blueprint = Blueprint("events", __name__, url_prefix="/api")
_POSITION = re.compile(r"\d{1,20}-\d{1,20}")
_RETRY_MS = (1000, 4000)
_CHUNK = 64 * 1024


@blueprint.get("/events")
def events() -> Response:
    """One event for each change of a record, resuming after `Last-Event-ID` or `?since=`."""
    since = request.headers.get("Last-Event-ID") or request.args.get("since")
    if since is not None and not _POSITION.fullmatch(since):
        raise BadRequest("'since' must be the id of an event.")
    if feed().position() is None:
        raise EventsUnavailable
    if since is None:
        with suppress(RedisError, OSError):
            feed().catch_up(services().events.last())
    shares, who, settings = cast(Shares, current_app.extensions["listeners"]), caller(), services().settings
    if not shares.take(who):
        mine = shares.held(who) >= settings.client_listeners
        raise TooManyListeners(settings.client_listeners if mine else settings.max_listeners)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        shares.give_back(who)
        return Response(mimetype="text/event-stream", headers=headers)
    return _Stream(feed(), since, headers, lambda: shares.give_back(who), original=may_fetch_originals())


class _Stream(Response):
    """A response whose connection is handed over to the feed once its headers are known."""

    automatically_set_content_length = False

    def __init__(
        self,
        to: Feed,
        since: str | None,
        headers: dict[str, str],
        when_gone: Callable[[], None],
        *,
        original: bool,
    ) -> None:
        super().__init__(mimetype="text/event-stream", headers=headers)
        self._feed = to
        self._since = since
        self._when_gone = when_gone
        self._original = original

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        retry = f"retry: {random.randint(*_RETRY_MS)}\n\n".encode()  # noqa: S311 - so that not all come back at once
        headers = self.get_wsgi_headers(environ)
        if can_take_over(environ):
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.to_wsgi_list())
            head = f"HTTP/1.1 {self.status}\r\n{lines}Connection: close\r\n\r\n".encode("latin-1")
            self._give(take_over(environ), head + retry)
            raise StopIteration
        ours, theirs = socket.socketpair()
        self._give(theirs, retry)
        start_response(self.status, headers.to_wsgi_list())
        return _relayed(ours)

    def _give(self, connection: socket.socket, head: bytes) -> None:
        try:
            self._feed.add(connection, head, self._since, self._when_gone, original=self._original)
        except BaseException:
            connection.close()
            self._when_gone()
            raise


def _relayed(connection: socket.socket) -> Iterator[bytes]:
    """For servers that do not hand over their connection: relay what the feed sends."""
    with closing(connection):
        while data := connection.recv(_CHUNK):
            yield data
