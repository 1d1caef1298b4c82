"""Requests written by hand, byte for byte, and what they leave on the volume."""

from __future__ import annotations

import os
import socket

from tests.conftest import Gallery

POST = b"POST /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\n"

HEAD = b"GET /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"


def speak(gallery: Gallery, data: bytes, source: str = "127.0.0.1") -> bytes:
    """Send raw bytes and read all that comes back."""
    with socket.create_connection(("127.0.0.1", gallery.port), 30, source_address=(source, 0)) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionError:
            pass
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def kept(gallery: Gallery) -> list[str]:
    """What lies on the volume of uploads, finished or not."""
    return [
        name for folder in ("incoming", "pending", "images", "failed") for name in os.listdir(gallery.data / folder)
    ]
