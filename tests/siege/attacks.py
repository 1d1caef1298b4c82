"""The attacks. Each is a context manager: it attacks for as long as it is entered."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.product import Gallery
from tests.siege.play import Attack

_ATTACKER = "127.0.0.2"


def connected(gallery: Gallery, source: str = _ATTACKER) -> socket.socket:
    """A connection from an address of loopback."""
    return socket.create_connection(("127.0.0.1", gallery.port), 30, source_address=(source, 0))


@contextmanager
def repeated(threads: int, send: Callable[[], object]) -> Iterator[None]:
    """Call `send` again and again in several threads; what the server does to it is its own affair."""
    ended = threading.Event()

    def attack() -> None:
        while not ended.is_set():
            with suppress(OSError):
                send()

    attackers = [threading.Thread(target=attack) for _ in range(threads)]
    for attacker in attackers:
        attacker.start()
    try:
        yield
    finally:
        ended.set()
        for attacker in attackers:
            attacker.join()


def send_and_read(gallery: Gallery, data: bytes, source: str = _ATTACKER) -> bytes:
    """Send raw bytes over a connection of its own and read to its end."""
    with connected(gallery, source) as connection:
        with suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(OSError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def form(path: str, *parts: bytes, edge: bytes = b"x" * 20) -> bytes:
    """A multipart form with these file parts, each `filename`, blank line, data."""
    head = b'Content-Disposition: form-data; name="file"; filename="'
    body = b"".join(b"--" + edge + b"\r\n" + head + part + b"\r\n" for part in parts) + b"--" + edge + b"--\r\n"
    return (
        b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=%b\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n" % (path.encode(), edge, len(body)) + body
    )


@contextmanager
def names_that_take_long_to_clean(gallery: Gallery) -> Iterator[None]:
    """Half a megabyte of combining marks, and of what looks like a path and is none."""
    marks = ("\u0316\u0301" * 100_000).encode()
    lines = [form(path, name + b'"\r\n\r\nno picture')
             for path in ("/upload", "/api/images") for name in (marks, b"a" * 400_000, b"\\\\" * 200_000)]  # fmt: skip
    turn = iter(range(1_000_000_000))
    with repeated(4, lambda: send_and_read(gallery, lines[next(turn) % len(lines)])):
        yield


ATTACKS = [
    Attack(names_that_take_long_to_clean),
]
