"""Assigns requests to threads: probes have their own, so that a process under load still answers them."""

from __future__ import annotations

from collections.abc import Mapping

from web.server.threads import ThreadPool

HEAD_BYTES = 4096
# /readyz reads the volume and may hang with it; /metrics reads a lot. Neither may block /healthz.
_THREADS = {b"/healthz": 1, b"/readyz": 2, b"/metrics": 1}
PATIENCE = {b"/healthz": 0.0, b"/readyz": 0.0, b"/metrics": 1.0}
"""Seconds that each may wait for a client to take its answer, which fits into the system's memory but for metrics."""
_BODY_FIELDS = (b"\r\ncontent-length:", b"\r\ntransfer-encoding:", b"\r\nexpect:")


def lanes() -> Mapping[bytes, ThreadPool]:
    """The threads of each probe, by its path."""
    return {path: ThreadPool(count, path[1:].decode()) for path, count in _THREADS.items()}


def probe(head: bytes) -> bytes | None:
    """The path of the probe that these first bytes request; None for any other request.

    A probe has its whole header in these bytes, and no body, so its thread never waits for the client.
    """
    end = head.find(b"\r\n\r\n")
    method, _, rest = head[:end].partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if end < 0 or method not in (b"GET", b"HEAD") or path not in _THREADS:
        return None
    fields = head[:end].lower()
    return None if any(field in fields for field in _BODY_FIELDS) else path
