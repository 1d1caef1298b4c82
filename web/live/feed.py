"""The feed: one thread that follows the stream of events for all listeners of this process."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

import msgspec
import structlog
from flask import Flask, current_app
from redis import Redis
from redis.exceptions import RedisError

from pipeline.queue.connection import connect
from pipeline.queue.events import Event, Follower, Rewound, order, tell_gap
from pipeline.queue.lease import Lease
from pipeline.threads import keep_running, rest_since
from web.api.serialize import serialize
from web.live.listeners import Listeners

KEPT = 1000
CLIENT_NAME = "gallery-feed"
_WAIT_SECONDS = 2.0
_REDIS_SECONDS = 4.0
_PAUSES = (0.2, 0.5, 1.0, 2.0)
_BEHIND_SECONDS = 0.5
# For the first attempt of a process to follow Redis.
_FIRST_SECONDS = 2.0
# After sending: what comes meanwhile is read and sent together.
_REST, _LONGEST_REST_SECONDS = 10.0, 0.02
_MOST_MISSED = 200
RESET = b"event: reset\ndata: {}\n\n"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Frame:
    """An event as it is sent: to listeners who may fetch originals, and to others, without that link."""

    id: str
    with_original: bytes
    without: bytes

    def for_(self, original: bool) -> bytes:
        """The text for a listener who may, or may not, fetch originals."""
        return self.with_original if original else self.without


class Observer(Protocol):
    """Something in this process that also receives the events."""

    def began(self, events: list[Event], position: str) -> None:
        """The feed follows from `position` on; these are the last events before."""

    def told(self, events: list[Event]) -> None:
        """The next events; at least one."""


class Feed:
    """Sends every event to all listeners as Server-Sent Events; follows Redis with one connection.

    The last `KEPT` events are held in memory, so that a listener that reconnects gets what it missed. If Redis fails,
    all listeners are disconnected, because events may be lost; a gap in the stream then makes them reload.
    """

    def __init__(
        self, app: Flask, redis_url: str, lease: Lease, observer: Observer, *, originals_for_all: bool = False
    ) -> None:
        self._app = app
        self._redis_url = redis_url
        self._lease = lease
        self._observer = observer
        self._originals_for_all = originals_for_all
        self._changed = threading.Condition()
        self._kept: deque[Frame] = deque()
        self._before = "0-0"
        self._position = "0-0"
        self._following = False
        self._failed = False
        self._started = False
        self.listeners = Listeners()

    def position(self) -> str | None:
        """The id of the last event, for a later `add`; None while Redis cannot be reached."""
        self.start()
        with self._changed:
            self._changed.wait_for(lambda: self._following or self._failed, _FIRST_SECONDS)
            return self._position if self._following else None

    def catch_up(self, to: str) -> None:
        """Wait a moment until this event was sent, so that later listeners get none from before."""
        with self._changed:
            self._changed.wait_for(lambda: order(to) <= order(self._position), _BEHIND_SECONDS)

    def add(
        self,
        connection: socket.socket,
        head: bytes,
        since: str | None,
        when_gone: Callable[[], None] = lambda: None,
        *,
        original: bool = False,
    ) -> None:
        """Take over an open connection: sends `head`, then the events after `since`.

        If those are more than `_MOST_MISSED`, sends a `reset`: loading the images again is quicker. The
        connection is closed at once if Redis cannot be reached. `when_gone` is called once, when it is closed.
        `original` says whether the listener may fetch originals.
        """
        with self._changed:
            if not self._following:
                connection.close()
                when_gone()
                return
            if since is not None and order(since) > order(self._position):
                # The position is from another process, whose reader is slightly ahead of ours.
                self._changed.wait_for(lambda: order(since) <= order(self._position), _BEHIND_SECONDS)
            missed = self._after(since, original)
            position = f"id: {self._position}\n\n".encode()
            self.listeners.add(connection, head, (*missed, position), when_gone, original=original)

    def _after(self, since: str | None, original: bool) -> list[bytes]:
        """The events after this one as they are sent, oldest first, shared by all listeners."""
        if since is None:
            return []
        found, frames = self._before, list[bytes]()
        for frame in reversed(self._kept):
            if frame.id == since or len(frames) > _MOST_MISSED:
                found = frame.id
                break
            frames.append(frame.for_(original))
        return frames[::-1] if found == since and len(frames) <= _MOST_MISSED else [RESET]

    def start(self) -> None:
        """Begin to follow, in threads of its own; does nothing if it follows already."""
        with self._changed:
            if self._started:
                return
            self._started = True
            self.listeners.start()
            keep_running("feed", self._run)

    def _run(self) -> None:
        failures = 0
        while True:
            try:
                if self._lease.held:
                    with suppress(RedisError, OSError), connect(self._redis_url, timeout=_REDIS_SECONDS) as connection:
                        connection.client_setname(CLIENT_NAME)
                        if failures:
                            tell_gap(connection, self._lease.volume_id)
                        follower = Follower(connection, self._lease.volume_id)
                        self._begin(follower)
                        failures = 0
                        self._follow(follower, connection)
            finally:
                self._lost()
            time.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1

    def _follow(self, follower: Follower, connection: Redis) -> None:
        """Send events for as long as Redis serves our volume."""
        while self._lease.held:
            try:
                events = follower.wait(_WAIT_SECONDS)
                began = time.monotonic()
                self._tell(events)
                rest_since(began, times=_REST, at_most=_LONGEST_REST_SECONDS)
            except Rewound:
                tell_gap(connection, self._lease.volume_id)
                self._begin(follower)
                self.listeners.say(f"id: {follower.position}\n".encode() + RESET)

    def _begin(self, follower: Follower) -> None:
        events = follower.newest(KEPT)
        frames = [self._frame(event) for event in events]
        self._observer.began(events, follower.position)
        with self._changed:
            self._kept = deque(frames[1:])
            self._before = frames[0].id if frames else follower.position
            self._position = follower.position
            self._following = True
            self._changed.notify_all()

    def _tell(self, events: list[Event]) -> None:
        frames = [self._frame(event) for event in events]
        if not frames:
            return
        self._observer.told(events)
        with self._changed:
            self._kept.extend(frames)
            while len(self._kept) > KEPT:
                self._before = self._kept.popleft().id
            self._position = frames[-1].id
            self.listeners.say(
                b"".join(frame.with_original for frame in frames), b"".join(frame.without for frame in frames)
            )
            self._changed.notify_all()

    def _lost(self) -> None:
        with self._changed:
            if self._following:
                _log.warning("events stopped", listeners=len(self.listeners))
            self._following = False
            self._failed = True
            self._changed.notify_all()
            self.listeners.hang_up()

    def _frame(self, event: Event) -> Frame:
        try:
            with_original = self._written(event, original=True)
            same = event.record is None or self._originals_for_all
            return Frame(event.id, with_original, with_original if same else self._written(event, original=False))
        except Exception:  # noqa: BLE001 - one event that cannot be shown must not end all of them
            _log.exception("event cannot be shown, taken as lost", event_id=event.id)
            lost = f"id: {event.id}\n".encode() + RESET
            return Frame(event.id, lost, lost)

    def _written(self, event: Event, *, original: bool) -> bytes:
        head = f"id: {event.id}\n".encode()
        if event.image_id is None:
            return head + RESET
        if event.record is None:
            return head + f"event: deleted\ndata: {json.dumps({'id': event.image_id})}\n\n".encode()
        with self._app.test_request_context():
            data = msgspec.json.encode(serialize(event.record, original=original))
        return head + b"event: image\ndata: " + data + b"\n\n"


def feed() -> Feed:
    """The feed of the running app."""
    return cast(Feed, current_app.extensions["feed"])
