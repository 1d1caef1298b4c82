"""What attackers do with connections: open many, send again and again, begin what they never end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.product import Gallery

_ATTACKER = "127.0.0.2"


def connected(gallery: Gallery, source: str = _ATTACKER, receive: int = 0) -> socket.socket:
    """A connection from an address of loopback, whose system keeps some `receive` bytes for it if that is given."""
    connection = socket.socket()
    try:
        if receive:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        connection.settimeout(30)
        connection.bind((source, 0))
        connection.connect(("127.0.0.1", gallery.port))
    except OSError:
        connection.close()
        raise
    return connection


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


def post(path: str, body: bytes, kind: bytes = b"application/octet-stream") -> bytes:
    """A whole request."""
    head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return head % (path.encode(), kind, len(body)) + body


def half_form(path: str, files: int) -> bytes:
    """A form that has begun, with so many files, the last of them long, and never ends."""
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n\x89PNG\r\n\x1a\n\r\n'
    head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n" % path.encode()
    return head + b"Content-Length: 100000000\r\n\r\n" + part * files + bytes(130_000)


@contextmanager
def held(
    gallery: Gallery, count: int, data: bytes, source: str = _ATTACKER, receive: int = 0
) -> Iterator[list[socket.socket]]:
    """Connections that send this, as far as it is taken, and then nothing more; `receive` bytes wait at their ends."""
    connections = []
    try:
        for _ in range(count):
            with suppress(OSError):
                connections.append(connected(gallery, source, receive))
                connections[-1].settimeout(0.2)
                connections[-1].sendall(data)
        yield connections
    finally:
        for connection in connections:
            connection.close()
