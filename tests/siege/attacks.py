"""The attacks. Each is a context manager: it attacks for as long as it is entered."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from redis import Redis

from pipeline.queue.events import STREAM
from pipeline.volume.volume import Volume
from tests.listening import until_heard
from tests.pictures import picture
from tests.product import Gallery
from tests.siege import requests
from tests.siege.play import Attack
from tests.siege.sending import connected, form, half_form, held, repeated, send_and_read


@contextmanager
def names_that_take_long_to_clean(gallery: Gallery) -> Iterator[None]:
    """Half a megabyte of combining marks, and of what looks like a path and is none."""
    marks = ("\u0316\u0301" * 100_000).encode()
    lines = [form(path, name + b'"\r\n\r\nno picture')
             for path in ("/upload", "/api/images") for name in (marks, b"a" * 400_000, b"\\\\" * 200_000)]  # fmt: skip
    turn = iter(range(1_000_000_000))
    with repeated(4, lambda: send_and_read(gallery, lines[next(turn) % len(lines)])):
        yield


@contextmanager
def files_sent_where_none_are_taken(gallery: Gallery) -> Iterator[None]:
    """Forms with large files, and with many, sent to the sign-in page by somebody without a token."""
    large = form("/signin", b'a.png"\r\n\r\n' + bytes(30_000_000))
    with held(gallery, 150, half_form("/signin", 90)), repeated(2, lambda: send_and_read(gallery, large)):
        yield


@contextmanager
def forms_of_many_files_that_never_end(gallery: Gallery) -> Iterator[None]:
    """Forms of a hundred files each, from 190 connections of one address, in an open gallery."""
    with held(gallery, 190, half_form("/upload", 100)):
        yield


@contextmanager
def slow_readers_of_a_large_original(gallery: Gallery) -> Iterator[None]:
    """1,100 connections of one address and 130 of another that ask for 20 MB each and take a byte a second."""
    link = gallery.call("POST", "/api/images", picture("JPEG") + bytes(20_000_000), _BEARER).headers["Location"]
    asked = f"GET {link.removeprefix('/api')}/original HTTP/1.1\r\nHost: 127.0.0.1\r\n{_AUTHORIZED}\r\n".encode()
    ended = threading.Event()

    def sip(connections: list[socket.socket]) -> None:
        while not ended.wait(1):
            for connection in connections:
                with suppress(OSError):
                    connection.recv(1, socket.MSG_DONTWAIT)

    with held(gallery, 1100, asked, receive=4096) as many, held(gallery, 130, asked, "127.0.0.3", 4096) as more:
        sipping = threading.Thread(target=sip, args=([*many, *more],))
        sipping.start()
        try:
            yield
        finally:
            ended.set()
            sipping.join()
    gallery.call("DELETE", link, headers=_BEARER)


@contextmanager
def answers_whose_connections_are_left_open(gallery: Gallery) -> Iterator[None]:
    """Requests with `Connection: close`, whose answers are read, and whose connections the client never closes."""
    asked = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    ended, opened = threading.Event(), list[socket.socket]()

    def leave_open() -> None:
        while not ended.wait(0.02):
            with suppress(OSError):
                opened.append(connected(gallery))
                opened[-1].sendall(asked)

    thread = threading.Thread(target=leave_open)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for connection in opened:
            connection.close()


@contextmanager
def heads_that_never_end(gallery: Gallery) -> Iterator[None]:
    """A thousand connections of five addresses that send half a head, and some that send nothing."""
    head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
    with ExitStack() as stack:
        for last in range(2, 7):
            stack.enter_context(held(gallery, 180, head, f"127.0.0.{last}"))
            stack.enter_context(held(gallery, 20, b"", f"127.0.0.{last}"))
        yield


@contextmanager
def probes_whose_answers_nobody_takes(gallery: Gallery) -> Iterator[None]:
    """Hundreds of `/healthz`, `/readyz` and `/metrics` in one go, over connections that take no answer."""
    with ExitStack() as stack:
        for path in (b"/healthz", b"/readyz", b"/metrics"):
            asked = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path
            stack.enter_context(held(gallery, 20, asked * 300, receive=4096))
            stack.enter_context(held(gallery, 20, asked[:-2] + b"Content-Length: 9\r\n\r\n"))
        yield


@contextmanager
def more_connections_than_descriptors(gallery: Gallery) -> Iterator[None]:
    """Hundreds of connections of three addresses, idle and slow, to a process that may open 512 files."""
    with ExitStack() as stack:
        for source in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
            stack.enter_context(held(gallery, 150, b"", source))
            stack.enter_context(held(gallery, 150, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", source))
        yield


@contextmanager
def listeners_that_resume_from_long_ago_and_read_nothing(gallery: Gallery) -> Iterator[None]:
    """Six hundred listeners of three addresses that ask for a thousand events, read none, and get new ones."""
    record = gallery.call("POST", "/api/images", picture()).json
    volume = Volume(gallery.data).id
    told = {"id": record["id"], "record": json.dumps({**record, "name": "n" * 1500}), "volume": volume}
    with Redis.from_url(gallery.environ["REDIS_URL"]) as redis, ExitStack() as stack:

        def tell() -> str:
            return str(redis.xadd(STREAM, told).decode())

        events = [tell() for _ in range(1000)]
        until_heard(gallery)
        for last, since in ((2, events[300]), (3, events[300]), (4, events[-150])):
            asked = f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nLast-Event-ID: {since}\r\n\r\n".encode()
            stack.enter_context(held(gallery, 250, asked, f"127.0.0.{last}", 4096))
        stack.enter_context(repeated(1, lambda: (tell(), time.sleep(0.02))))  # type: ignore[func-returns-value]
        yield
    gallery.call("DELETE", f"/api/images/{record['id']}")


TOKEN = "t" * 24
_BEARER = {"Authorization": f"Bearer {TOKEN}"}
_AUTHORIZED = f"Authorization: Bearer {TOKEN}\r\n"

ATTACKS = [
    Attack(names_that_take_long_to_clean),
    Attack(files_sent_where_none_are_taken, {"GALLERY_TOKEN": TOKEN}, headers=_BEARER),
    Attack(forms_of_many_files_that_never_end),
    Attack(slow_readers_of_a_large_original, {"GALLERY_TOKEN": TOKEN}, headers=_BEARER),
    Attack(listeners_that_resume_from_long_ago_and_read_nothing, redis=True),
    Attack(answers_whose_connections_are_left_open),
    Attack(heads_that_never_end),
    Attack(probes_whose_answers_nobody_takes),
    Attack(more_connections_than_descriptors, descriptors=512),
    Attack(requests.headers_that_take_long_to_read),
    Attack(requests.downloads_whose_structure_is_long),
    Attack(requests.zips_of_a_thousand_that_nobody_takes),
    Attack(requests.changes_of_thousands_of_pictures),
    Attack(requests.wrong_tokens_from_many_connections, {"GALLERY_TOKEN": TOKEN}, headers=_BEARER),
]
