"""Prebuilt responses for connections that get no thread: they must cost next to nothing."""

from __future__ import annotations

import json


def _refusal(status: int, reason: str, code: str, title: str, detail: str) -> bytes:
    body = {"type": f"about:blank#{code}", "title": title, "status": status, "detail": detail, "code": code}
    text = json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/problem+json\r\nRetry-After: 2\r\n"
        f"Connection: close\r\nContent-Length: {len(text)}\r\n\r\n"
    ).encode() + text


TOO_MANY = _refusal(
    429, "Too Many Requests", "too-many-connections", "Too many connections", "Close some of your connections."
)
BUSY = _refusal(503, "Service Unavailable", "busy", "Too many people are here", "Try again in a moment.")
