"""A listener to the events, on its own connection."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from redis import Redis

from pipeline.queue.events import STREAM
from tests.conftest import Gallery, until


@dataclass
class Told:
    """One event as the browser's EventSource sees it."""

    kind: str
    data: Any
    id: str


class Ear:
    """A listener on its own connection."""

    def __init__(self, gallery: Gallery, since: str = "", token: str = "", headers: str = "") -> None:
        self.socket = socket.create_connection(("127.0.0.1", gallery.port), 30)
        resume = f"Last-Event-ID: {since}\r\n" if since else ""
        who = f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n{who}{resume}{headers}\r\n".encode())
        self.lines = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.last = since
        self.status = int(self.lines.readline().split()[1])
        self.headers = {}
        while line := self.lines.readline().strip():
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value
        if self.status == 200 and not since:
            while not self.lines.readline().startswith("id:"):
                pass

    def events(self) -> Iterator[Told]:
        kind, data = "", ""
        for line in self.lines:
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "id":
                self.last = value
            elif name == "event":
                kind = value
            elif name == "data":
                data = value
            elif not name and kind:
                yield Told(kind, json.loads(data), self.last)
                kind, data = "", ""

    def next(self) -> Told:
        return next(self.events())

    def states(self, image_id: str) -> list[Any]:
        """The records of one image, up to its end."""
        records: list[Any] = []
        for told in self.events():
            if told.kind == "image" and told.data["id"] == image_id:
                records.append(told.data)
                if told.data["state"] != "pending":
                    break
        return records

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


def _listening(gallery: Gallery, since: str) -> Ear | None:
    """A listener, unless web does not follow the stream yet."""
    found = Ear(gallery, since)
    if found.status != 503:
        return found
    found.close()
    return None


@contextmanager
def ear(gallery: Gallery, since: str = "") -> Iterator[Ear]:
    found: Ear = until(lambda: _listening(gallery, since), 60)
    try:
        yield found
    finally:
        found.close()


def until_it_listens(gallery: Gallery, token: str = "") -> None:
    """Wait until web follows Redis."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    until(lambda: gallery.call("HEAD", "/api/events", headers=headers).status == 200, 60)


def until_heard(gallery: Gallery) -> None:
    """Wait until web has read every event, so that a new listener hears only of later ones."""
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis:

        def is_read() -> bool:
            last: Any = redis.xrevrange(STREAM, count=1)
            return bool(last) and gallery.call("GET", "/api/images").json["events"] == last[0][0].decode()

        until(is_read, 60)


@pytest.fixture
def web(bare: Gallery) -> Gallery:
    """Redis and web; no worker."""
    bare.start_redis()
    bare.start_web(GALLERY_MAX_LISTENERS="30", GALLERY_WEB_THREADS="4")
    until_it_listens(bare)
    return bare
